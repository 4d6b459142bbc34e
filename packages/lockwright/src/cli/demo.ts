/** Placeholder until the command is written. */
import { type Command, defineCommand } from "./command.js";

export const demoCommand: Command = defineCommand({ name: "demo", summary: "not there yet", positionals: [], options: {}, run: async () => 70 });
