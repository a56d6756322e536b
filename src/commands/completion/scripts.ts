/**
 * Each shell's part: hands the words to `peapod __complete` and shows what comes back. %verb% is `__complete`, or
 * `__completeNoDesc` for candidates without descriptions.
 */
const bash = `# bash completion for peapod

_peapod() {
    local rest=\${COMP_LINE:0:COMP_POINT} words=() i word trimmed
    # Bash splits at = and : as well: what has no blank before it belongs to the word before.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=\${rest#"\${rest%%[![:blank:]]*}"}
        word=\${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$trimmed
        if ((i > 0)) && [[ $trimmed == "$rest" ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        rest=\${trimmed#"$word"}
    done
    local cur=\${words[-1]} lines=() line directive
    mapfile -t lines < <("\${words[0]/#\\~/$HOME}" %verb% "\${words[@]:1}" 2>/dev/null)
    COMPREPLY=()
    ((\${#lines[@]} > 0)) || return
    directive=\${lines[-1]#:}
    unset 'lines[-1]'
    ((directive & 2)) && compopt -o nospace
    ((directive & 4)) && compopt +o default
    [[ $cur == --*=* ]] && cur=\${cur#*=}
    ((directive & 16)) && mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return
    # Only the part behind the last = or : is replaced.
    local before=
    [[ $cur == *[=:]* ]] && before=\${cur%"\${cur##*[=:]}"}
    local longest=0
    for line in "\${lines[@]}"; do
        word=\${line%%$'\\t'*}
        ((\${#word} > longest)) && longest=\${#word}
    done
    for line in "\${lines[@]}"; do
        word=\${line%%$'\\t'*}
        # Descriptions are for lists: what is put on the command line has none.
        if [[ $line == *$'\\t'* ]] && ((\${#lines[@]} > 1 && COMP_TYPE != 37 && COMP_TYPE != 42)); then
            printf -v line '%-*s  (%s)' "$longest" "$word" "\${line#*$'\\t'}"
            ((\${#line} > COLUMNS && COLUMNS > longest + 12)) && line="\${line:0:COLUMNS-3}..)"
            word=$line
        fi
        COMPREPLY+=("\${word#"$before"}")
    done
}

complete -o default -F _peapod peapod
`;

const zsh = `#compdef peapod

_peapod() {
    local -a lines found
    local line word directive
    lines=("\${(@f)$("\${(Q)words[1]/#\\~/$HOME}" %verb% "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
    directive=\${lines[-1]#:}
    lines[-1]=()
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    if ((directive & 16)); then
        _path_files -/
        return
    fi
    for line in "\${lines[@]}"; do
        word=\${line%%$'\\t'*}
        word=\${word//:/\\\\:}
        [[ $line == *$'\\t'* ]] && word+=":\${line#*$'\\t'}"
        found+=("$word")
    done
    local -a space
    ((directive & 2)) && space=(-S '')
    ((\${#found} > 0)) && _describe -V peapod found "\${space[@]}" && return
    ((directive & 4)) || _files
}

if [ "$funcstack[1]" = _peapod ]; then
    _peapod "$@"
else
    compdef _peapod peapod
fi
`;

const fish = `# fish completion for peapod

function __peapod_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l lines ($words[1] %verb% $words[2..-1] "$cur" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    # A value behind = is completed together with its flag.
    set -l before (string match -r -- '^--[^=]+=' $cur)
    test (count $lines) -gt 0; and printf "$before%s\\n" $lines
    test (math "bitand($directive, 4)") -ne 0; and return
    set -l value (string replace -r -- '^--[^=]+=' '' $cur)
    if test (math "bitand($directive, 16)") -ne 0
        printf "$before%s\\n" (__fish_complete_directories "$value" '')
    else
        printf "$before%s\\n" (__fish_complete_path "$value")
    end
end

complete -c peapod -f -a '(__peapod_complete)'
`;

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, described: boolean): string {
  const verb = described ? '__complete' : '__completeNoDesc';
  return { bash, zsh, fish }[shell].replace('%verb%', verb);
}
