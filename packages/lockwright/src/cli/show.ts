/** TODO */
import { type Command, defineCommand } from "./command.js";

export const showCommand: Command = defineCommand({ name: "show", summary: "", positionals: [], options: {}, run: async () => 0 });
