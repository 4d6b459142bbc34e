/** `lockwright help [command]`. */
import { type Command, defineCommand } from "./command.js";
import { didYouMean } from "./did-you-mean.js";
import { EXIT } from "./exit-codes.js";
import { commandHelp, overview } from "./help.js";
import { printable } from "./parse-arguments.js";
import { UsageError } from "./usage-error.js";

export const helpCommand: Command = defineCommand({
  name: "help",
  summary: "say what the commands do",
  positionals: [{ name: "command", kind: "command", optional: true }],
  options: {},
  async run({ positionals: [name], out, commands }) {
    if (name === undefined) {
      out.write(overview(await commands.loadAll(), out));
      return EXIT.done;
    }
    const command = await commands.load(name);
    if (command === undefined) {
      const near = didYouMean(name, commands.names);
      throw new UsageError(
        `there is no command ${printable(name)}`,
        near === undefined ? undefined : `did you mean ${near}?`,
      );
    }
    out.write(commandHelp(command, out));
    return EXIT.done;
  },
});
