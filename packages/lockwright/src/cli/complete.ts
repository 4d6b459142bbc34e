/** TODO */
import { type Command, defineCommand } from "./command.js";

export const completeCommand: Command = defineCommand({ name: "complete", summary: "", positionals: [], options: {}, run: async () => 0 });
