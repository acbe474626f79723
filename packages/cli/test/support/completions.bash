# completions.bash SCRIPT LINE COMMAND: what bash has in COMPREPLY for the line, one a line.
set -u
source "$1"
COMP_LINE="arctic $2"
COMP_POINT=${#COMP_LINE}
# As readline breaks a line into words.
IFS=$'\n' read -rd '' -a COMP_WORDS < <(sed -E 's/([=:])/\n\1\n/g; s/ /\n/g' <<< "$COMP_LINE") || true
[[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_arctic "$3"
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
