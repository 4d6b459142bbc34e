/** TODO */
import { type Command, defineCommand } from "./command.js";

export const lsCommand: Command = defineCommand({ name: "ls", summary: "", positionals: [], options: {}, run: async () => 0 });
