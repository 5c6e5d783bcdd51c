namespace Fairlead.Completion;

/// <summary>
/// What the shells source. Each hands the line up to the cursor, without the program's name, to the program's own
/// parser (the directive <c>[suggest:N]</c>), so that a new command completes with nothing written here. Where the
/// program knows nothing the shell completes files.
/// </summary>
internal static class ShellScripts
{
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
    };

    // Of "--group=de" bash makes three words and wants the last one completed: the "=" becomes a blank.
    private const string Bash = """
        # fairlead completion for bash: source <(fairlead completion bash)
        _fairlead() {
          local line=${COMP_LINE:0:COMP_POINT} current= word
          [[ $line == *[[:space:]=] ]] || current=${line##*[[:space:]=]}
          line=${line#*"${COMP_WORDS[0]}"}
          line=${line//=/ }
          COMPREPLY=()
          while IFS= read -r word; do
            [[ -n $word && $word == "$current"* && ( $word != [-/]* || $current == [-/]* ) ]] && COMPREPLY+=("$(printf %q "$word")")
          done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
        }
        complete -o default -F _fairlead fairlead

        """;

    private const string Zsh = """
        #compdef fairlead
        # fairlead completion for zsh: source <(fairlead completion zsh), or a file _fairlead in $fpath
        _fairlead() {
          local line="${(j: :)${words[2,CURRENT]}}"
          local current="${words[CURRENT]}" word
          local -a found
          for word in "${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}"; do
            [[ -n "$word" && ( "$word" != [-/]* || "$current" == [-/]* ) ]] && found+=("$word")
          done
          if (( ${#found} )); then compadd -a found; else _files; fi
        }
        if [[ "${funcstack[1]}" == _fairlead ]]; then _fairlead "$@"; else compdef _fairlead fairlead; fi

        """;

    private const string Fish = """
        # fairlead completion for fish: fairlead completion fish >~/.config/fish/completions/fairlead.fish
        function __fairlead_complete
            set -l line (commandline -cp | string replace -r '^\s*\S+\s?' '')
            set -l program (commandline -opc)[1]
            set -l current (commandline -ct)
            set -l found
            for word in ($program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v '')
                if string match -qr '^[-/]' -- $word; and not string match -qr '^[-/]' -- $current
                    continue
                end
                set -a found $word
            end
            if count $found >/dev/null
                printf '%s\n' $found
            else
                __fish_complete_path $current
            end
        end
        complete -c fairlead -f -a '(__fairlead_complete)'

        """;
}
