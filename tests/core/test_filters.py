"""What may stand behind a pipe: it reads its input, prints, and reaches nothing else in any spelling."""

import pytest

from bot.core.commands import programs, tokens

ALLOWED = """
awk '{print $1}'
awk -F: '$3 > 5 {print $1}'
awk '/a|b/ {n++} END {print n}'
awk 'NR==1 || $2 == "x" {print $1, $2}'
awk -v n=3 '{print $n}'
sed 's/a/b/g'
sed -n '5,10p'
sed -e 's/a/b/' -e '/x/d'
sed -E 's#(a+)#<\\1>#'
tac
rev
nl
column -t
paste -s -d ,
base64 -d
fold -w 80
""".strip().splitlines()

REFUSED = r"""
awk '{print $1 > "/etc/passwd"}'
awk '{print $1 >> "x"}'
awk '{print | "sh"}'
awk '{printf "%s", $1 | "sh"}'
awk '{"id" | getline x; print x}'
awk '{system("id")}'
awk 'BEGIN{while((getline l < "/etc/passwd")>0) n++}'
awk 'BEGIN{ARGV[1]="/etc/passwd";ARGC=2}'
awk 'BEGIN{for(k in ENVIRON) x=x k; print x}'
awk '@load "filefuncs"'
awk -f x.awk
awk '{print}' /etc/passwd
awk -v 'x=1' -f x
awk --file=x
awk -i inplace '{print}'
awk
sed -i 's/a/b/'
sed --in-place=.bak 's/a/b/'
sed -n -i p
sed 's/a/b/w /tmp/x'
sed 's/a/id/e'
sed '1e id'
sed 'r /etc/passwd'
sed '1w /tmp/x'
sed -f script.sed
sed p /etc/passwd
sed -ne 'w x'
sed
tac /etc/passwd
rev x
nl /etc/passwd
column -t /etc/passwd
paste - /etc/passwd
base64 /etc/passwd
fold x
xargs kubectl delete pod
tee /tmp/x
sort -o x
sort --output=x
sort --compress-program=sh
sort -T /x --files0-from=/etc/passwd
grep -f /etc/passwd x
grep --file=/etc/passwd
grep -r x /etc
head /etc/passwd
wc --files0-from=x
uniq in out
cut -d: -f1 /etc/passwd
/usr/bin/awk '{print}'
perl -pe 1
""".strip().splitlines()


@pytest.mark.parametrize("text", ALLOWED)
def test_a_filter_that_only_reads_its_input_is_allowed(text: str) -> None:
    assert programs.stage_problem(tokens.pipeline(text)[0]) == ""


@pytest.mark.parametrize("text", REFUSED)
def test_a_filter_that_could_reach_further_is_refused_with_a_remedy(text: str) -> None:
    problem = programs.stage_problem(tokens.pipeline(text)[0])
    assert problem.startswith("`|") and problem.endswith(".")


def test_a_long_program_is_refused_for_nobody_could_read_it() -> None:
    assert "short program" in programs.stage_problem(("awk", "{x=1}" * 300))
