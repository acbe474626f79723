# completed.zsh SCRIPT LINE: what an interactive zsh makes of `arctic LINE` and the tabulator key.
zmodload zsh/zpty
told=$(mktemp)
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "autoload -Uz compinit; compinit -D; source ${(q)1}; PS1=
  tell() { zle complete-word; print -r -- \$BUFFER > $told; exit }
  zle -N tell; bindkey '^I' tell; print re\"\"ady"
zpty -r -m shell line '*ready*'
zpty -w -n shell "arctic $2"$'\t'
while [[ ! -s $told ]] && zpty -t shell; do sleep 0.05; done
cat $told
rm -f $told
zpty -d shell
