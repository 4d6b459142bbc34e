/** TODO */
import { type Command, defineCommand } from "./command.js";

export const watchCommand: Command = defineCommand({ name: "watch", summary: "", positionals: [], options: {}, run: async () => 0 });
