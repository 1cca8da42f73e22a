export const shells = ['bash', 'zsh', 'fish'] as const;

export type ShellName = (typeof shells)[number];

/** What `prodigy clean completion` prints. Nothing of what the program answers is evaluated by the shell. */
export const completionScripts: Readonly<Record<ShellName, string>> = {
  bash: `# prodigy clean for bash, also the 3.2 of macOS. In ~/.bashrc:  source <(prodigy clean completion bash)
_prodigy() {
  local line kind=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
  done <<< "$(command prodigy clean __complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)"
  # Where files make no sense, none are offered instead; bash 3.2 cannot be told.
  [[ $kind == files ]] || compopt +o default +o bashdefault 2>/dev/null
}
complete -o bashdefault -o default -F _prodigy prodigy
`,
  zsh: `#compdef prodigy
# prodigy clean for zsh. In ~/.zshrc, after compinit:  source <(prodigy clean completion zsh)
_prodigy() {
  local -a lines values shown
  local line
  lines=("\${(@f)$(command prodigy clean __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  if [[ $lines[1] == files ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  (( $#values )) && compadd -V prodigy -l -d shown -a values
}
if [[ $funcstack[1] == _prodigy ]]; then _prodigy "$@"; else compdef _prodigy prodigy; fi
`,
  fish: `# prodigy clean for fish:  prodigy clean completion fish > ~/.config/fish/completions/prodigy.fish
function __prodigy_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct | string unescape)
    set -l lines (command prodigy clean __complete fish $before "$current" 2>/dev/null </dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$current"
    else
        set -e lines[1]
        string join \\n -- $lines
    end
end
complete -c prodigy -f -k -a '(__prodigy_complete)'
`,
};
