/** `lockwright completion bash|zsh|fish`: the script that a shell's start-up file loads. */
import { type Command, defineCommand } from "./command.js";
import { EXIT } from "./exit-codes.js";

/**
 * bash splits words at ":" and "=" and replaces only what follows the last of them, so we read the line ourselves and take
 * off the candidates what stands before. It also runs in bash 3.2, which macOS has: no mapfile, no compopt.
 */
const BASH = `# bash completion for lockwright: eval "$(lockwright completion bash)"
_lockwright() {
  local line="\${COMP_LINE:0:COMP_POINT}" word head candidate about
  local -a words=()
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  head=""
  [[ "$word" == *[:=]* ]] && head="\${word%"\${word##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate about; do
    case "$candidate" in
      :command) COMPREPLY+=($(compgen -c -- "$word")) ;;
      :file) ;;
      "") ;;
      *) COMPREPLY+=("$(printf '%q' "\${candidate#"$head"}")") ;;
    esac
  done < <(lockwright __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _lockwright lockwright
`;

const ZSH = `#compdef lockwright
# zsh completion for lockwright: put this in a file "_lockwright" of your $fpath, or: eval "$(lockwright completion zsh)"
_lockwright() {
  local line candidate about
  local -a values shown
  while IFS= read -r line; do
    candidate="\${line%%$'\\t'*}"
    about="\${line#*$'\\t'}"
    case "$line" in
      :command) _command_names; return ;;
      :file) _files; return ;;
      *) values+=("$candidate"); shown+=("$candidate\${about:+  -- $about}") ;;
    esac
  done < <(lockwright __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  compadd -l -d shown -a values
}
if [ "$funcstack[1]" = "_lockwright" ]; then
  _lockwright "$@"
else
  compdef _lockwright lockwright
fi
`;

const FISH = `# fish completion for lockwright: lockwright completion fish > ~/.config/fish/completions/lockwright.fish
function __lockwright_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    for line in (lockwright __complete -- $words 2>/dev/null)
        switch $line
            case :command
                __fish_complete_command
            case :file
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c lockwright -f -a '(__lockwright_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
const shells = Object.keys(SCRIPTS);

export const completionCommand: Command = defineCommand({
  name: "completion",
  summary: "print a shell's completion script",
  positionals: [{ name: "shell", kind: "word", choices: shells }],
  options: {},
  details: `Completes commands, options and the names of locks.

  bash: add to ~/.bashrc   eval "$(lockwright completion bash)"
  zsh:  add to ~/.zshrc    eval "$(lockwright completion zsh)"   (after compinit)
  fish: lockwright completion fish > ~/.config/fish/completions/lockwright.fish`,
  async run({ positionals: [shell], out, json }) {
    const script = SCRIPTS[shell as keyof typeof SCRIPTS];
    if (json) out.document({ schema: 1, shell, script });
    else out.write(script);
    return EXIT.done;
  },
});
