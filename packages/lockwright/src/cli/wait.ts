/** TODO */
import { type Command, defineCommand } from "./command.js";

export const waitCommand: Command = defineCommand({ name: "wait", summary: "", positionals: [], options: {}, run: async () => 0 });
