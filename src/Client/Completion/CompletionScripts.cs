namespace Berth.Client.Completion;

/// <summary>What shells run to ask <c>berth __complete</c> for candidates.</summary>
internal static class CompletionScripts
{
    public const string Bash = """
        # Completion of berth for bash. Load it with: source <(berth completion bash)
        _berth() {
            local line candidates=() current="${COMP_WORDS[COMP_CWORD]}"
            # bash cuts words at colons and equals signs; berth is given the line as it is typed.
            local words=() typed="${COMP_LINE:0:COMP_POINT}"
            read -r -a words <<< "$typed"
            [[ "$typed" == *" " ]] && words+=("")
            local whole="${words[${#words[@]}-1]}"
            local prefix="${whole%"$current"}"
            while IFS= read -r line; do
                if [[ "$line" == ":files" ]]; then
                    compopt -o default 2>/dev/null
                else
                    line="${line%%$'\t'*}"
                    candidates+=("${line#"$prefix"}")
                fi
            done < <(berth __complete -- "${words[@]:1}" 2>/dev/null)
            COMPREPLY=("${candidates[@]}")
        }
        complete -F _berth berth

        """;

    public const string Zsh = """
        #compdef berth
        # Completion of berth for zsh. Load it with: source <(berth completion zsh)
        _berth() {
            local line files=0
            local -a candidates
            while IFS= read -r line; do
                if [[ "$line" == ":files" ]]; then
                    files=1
                else
                    local name="${line%%$'\t'*}" about=""
                    [[ "$line" == *$'\t'* ]] && about=":${line#*$'\t'}"
                    candidates+=("${name//:/\\:}$about")
                fi
            done < <(berth __complete -- "${(@)words[2,$CURRENT]}" 2>/dev/null)
            (( ${#candidates} )) && _describe 'berth' candidates
            (( files )) && _files
        }
        compdef _berth berth

        """;

    public const string Fish = """
        # Completion of berth for fish. Load it with: berth completion fish | source
        function __berth_complete
            set -l words (commandline -opc) (commandline -ct)
            for line in (berth __complete -- $words[2..-1] 2>/dev/null)
                if test "$line" = ":files"
                    __fish_complete_path (commandline -ct)
                else
                    echo $line
                end
            end
        end
        complete -c berth -f -a '(__berth_complete)'

        """;
}
