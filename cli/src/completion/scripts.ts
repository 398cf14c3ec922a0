/**
 * Scripts that ask `guichet __complete` with the words so far, the last one being what is typed. It answers with one
 * candidate a line, a tab, and a description.
 */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# guichet completion for bash
_guichet() {
  local IFS=$'\\n' line value
  local -a words
  # COMP_WORDS splits at ":" and "="; the line up to the cursor does not.
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS=$'\\t' read -r value line; do
    [[ -n $value ]] && COMPREPLY+=("$(printf '%q' "$value")")
  done < <(guichet __complete "\${words[@]}" 2>/dev/null)
}
complete -o nosort -F _guichet guichet 2>/dev/null || complete -F _guichet guichet
`,
  zsh: `#compdef guichet
# guichet completion for zsh
_guichet() {
  local -a candidates
  local value description
  while IFS=$'\\t' read -r value description; do
    [[ -n $value ]] && candidates+=("\${value//:/\\\\:}\${description:+:$description}")
  done < <(guichet __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe -V 'guichet' candidates
}
compdef _guichet guichet
`,
  fish: `# guichet completion for fish
function __guichet_complete
  set -l words (commandline -opc) (commandline -ct)
  guichet __complete $words[2..-1] 2>/dev/null
end
complete -c guichet -f -a '(__guichet_complete)'
`,
};
