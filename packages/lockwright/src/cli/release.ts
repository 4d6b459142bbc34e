/** TODO */
import { type Command, defineCommand } from "./command.js";

export const releaseCommand: Command = defineCommand({ name: "release", summary: "", positionals: [], options: {}, run: async () => 0 });
