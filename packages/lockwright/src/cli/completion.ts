/** TODO */
import { type Command, defineCommand } from "./command.js";

export const completionCommand: Command = defineCommand({ name: "completion", summary: "", positionals: [], options: {}, run: async () => 0 });
