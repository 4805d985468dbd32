export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** How a shell is told, to be pasted into its start file. */
export const HOW_TO: Readonly<Record<Shell, string>> = {
  bash: 'source <(flotilla completion bash)',
  zsh: 'source <(flotilla completion zsh)',
  fish: 'flotilla completion fish | source',
};

/** Asks `flotilla __complete` for each word; what it knows, the shell knows, whatever version is installed. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# flotilla completion for bash: ${HOW_TO.bash}
_flotilla() {
  local current line last="" values=()
  # Bash parts words at = and : too; the words are taken from the line itself.
  local words
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  [[ "\${COMP_LINE:COMP_POINT-1:1}" == " " ]] && words+=("")
  current="\${words[-1]}"
  while IFS= read -r line; do
    last="$line"
    [[ "$line" == :* ]] || values+=("\${line%%$'\\t'*}")
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  if [[ "$last" == :files ]]; then
    local prefix=""
    [[ "$current" == --*=* ]] && prefix="\${current%%=*}="
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "\${current#"$prefix"}")
    return
  fi
  [[ "$last" == :open ]] && compopt -o nospace 2>/dev/null
  # What stands before the last = or : of the word is not bash's to replace.
  local cut="\${current%"\${current##*[=:]}"}"
  local value
  for value in "\${values[@]}"; do COMPREPLY+=("\${value#"$cut"}"); done
}
complete -F _flotilla flotilla
`,
  zsh: `#compdef flotilla
# flotilla completion for zsh: ${HOW_TO.zsh}
_flotilla() {
  local line last="" current="\${words[CURRENT]}"
  local -a plain described
  while IFS= read -r line; do
    last="$line"
    [[ "$line" == :* ]] && continue
    local value="\${line%%$'\\t'*}" what=""
    [[ "$line" == *$'\\t'* ]] && what="\${line#*$'\\t'}"
    if [[ -n "$what" ]]; then described+=("\${value//:/\\\\:}:$what"); else plain+=("$value"); fi
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if [[ "$last" == :files ]]; then
    [[ "$current" == --*=* ]] && compset -P '*='
    _files
    return
  fi
  local -a how
  [[ "$last" == :open ]] && how=(-S '')
  (( \${#described} )) && _describe 'flotilla' described "\${how[@]}"
  (( \${#plain} )) && compadd "\${how[@]}" -a plain
}
if [[ "\${funcstack[1]}" == _flotilla ]]; then _flotilla "$@"; else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _flotilla flotilla
fi
`,
  fish: `# flotilla completion for fish: ${HOW_TO.fish}
function __flotilla_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$lines[-1]" = ":files"
        __fish_complete_path (commandline -ct)
        return
    end
    for line in $lines
        string match -q ':*' -- $line; or echo $line
    end
end
complete -c flotilla -f -a '(__flotilla_complete)'
`,
};
