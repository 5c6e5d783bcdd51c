namespace Fairlead.Runtime.Supervision;

/// <summary>
/// What the guardian runs: POSIX sh with grep and sleep, which any image with a shell has (dash, bash, BusyBox).
/// It looks three times at least: a process in the middle of exec has no environment to be found by.
/// </summary>
internal static class GuardianScript
{
    public const string Text = """
        trap '' HUP INT QUIT TERM PIPE USR1 USR2
        mark=$1
        groups=' '
        while read -r op id; do
          case $op in
            +) groups="$groups$id " ;;
            -) case $groups in *" $id "*) groups="${groups%%" $id "*} ${groups#*" $id "}" ;; esac ;;
          esac
        done
        marked() {
          grep -lzxF -e "FAIRLEAD_INSTANCE=$mark" /proc/[0-9]*/environ 2>/dev/null |
            while IFS=/ read -r _ _ pid _; do echo "$pid"; done
        }
        signal() {
          for id in $groups; do kill "-$1" "-$id" 2>/dev/null; done
          for id in $(marked); do kill "-$1" "$id" 2>/dev/null; done
        }
        if [ -z "${groups# }" ] && [ -z "$(marked)" ]; then exit 0; fi
        signal TERM
        sleep 1
        round=0
        while [ "$round" -lt 20 ]; do
          signal KILL
          groups=
          [ "$round" -ge 2 ] && [ -z "$(marked)" ] && break
          sleep 0.1 2>/dev/null || sleep 1
          round=$((round + 1))
        done
        """;
}
