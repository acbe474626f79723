export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell reads to complete `arctic`. Each asks the command itself, which answers from its cache. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# arctic completion for bash: eval "$(arctic autocomplete bash)"
_arctic() {
  # bash breaks words at = and :, the command does not: what stands before the break is not repeated.
  local line="\${COMP_LINE:0:COMP_POINT}" current="\${COMP_WORDS[COMP_CWORD]}" value whole
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  whole="\${words[\${#words[@]} - 1]}"
  [[ $current == [=:] ]] && current=""
  local prefix="\${whole%"$current"}"
  COMPREPLY=()
  while IFS= read -r value; do
    if [[ $value == :files ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
      return
    fi
    COMPREPLY+=("\${value#"$prefix"}")
  done < <("$1" __complete bash "\${words[@]:1}" 2> /dev/null)
}
complete -F _arctic arctic
`,
  zsh: `#compdef arctic
# arctic completion for zsh: eval "$(arctic autocomplete zsh)"
_arctic() {
  local -a candidates
  candidates=("\${(@f)$(\${words[1]} __complete zsh "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ "\${candidates[1]}" == ":files" ]]; then
    _files
  elif [[ -n "\${candidates[1]}" ]]; then
    _describe arctic candidates
  fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _arctic arctic
`,
  fish: `# arctic completion for fish: arctic autocomplete fish | source
function __arctic_complete
    set -l words (commandline -opc)
    set -l answer ($words[1] __complete fish $words[2..-1] (commandline -ct) 2> /dev/null)
    if test "$answer[1]" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $answer
    end
end
complete -c arctic -f -a '(__arctic_complete)'
`,
};
