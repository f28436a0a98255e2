#!/usr/bin/env bash
# test/t/diagram.sh: what junction.diagram writes is drawn by Graphviz and by Mermaid, and every name of the tables stands
# in the picture as it is. Prints TAP; skips what is drawn by a program that is not there:
#
#   dot     of Debian's package graphviz
#   mmdc    of npm's @mermaid-js/mermaid-cli, in the PATH or where $MMDC says, with Debian's chromium
#
# Assumes a server that the PG* variables lead to, as a superuser.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh
export PGOPTIONS='-c client_min_messages=warning'
database=junction_diagram
mmdc=${MMDC:-mmdc}

clean() {
    dropdb --if-exists "$database"
}

# the texts of a picture, one a line: tags are taken out, and what is escaped is read
texts() {                                               # texts FILE
    perl -CSD -0777 -pe 's/<style.*?<\/style>//sg; s/<[^>]*>/\n/g; s/&#x([0-9a-fA-F]+);/chr hex $1/ge; s/&#([0-9]+);/chr $1/ge;
        s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&nbsp;|\x{a0}/ /g; s/&amp;/&/g' "$1"
}

# the names that the picture lacks
lacking() {                                             # lacking FILE
    local name
    texts "$1" > "$work/texts"
    while IFS= read -r name; do
        grep --quiet --fixed-strings --regexp "$name" "$work/texts" || echo "$name"
    done < "$work/names"
}

# drawn FORMAT PROGRAM ARGUMENT...: by a program that reads $work/diagram and writes $work/diagram.svg
drawn() {
    local relation
    for relation in NULL "'memberships'" "'\"</table>> <b>&amp; #35; \`x\`, %s\"'"; do
        rm -f "$work/diagram.svg"
        sql "$database" --command "SELECT junction.diagram($relation, '$1')" > "$work/diagram"
        works "$2 draws $relation" "${@:2}"
        [ "$relation" != NULL ] || holds "with every name, as it is" "$(lacking "$work/diagram.svg")"
    done
}

fresh_database "$database"
sql "$database" > /dev/null <<'END'
CREATE EXTENSION junction;
CREATE TABLE users (id uuid PRIMARY KEY, name text);
CREATE TABLE orgs (id uuid PRIMARY KEY);
SELECT junction.create('users', 'orgs', 'user_orgs');
SELECT junction.promote('user_orgs', 'memberships', columns => '{role text}');
DROP INDEX memberships_org_id_idx;
CREATE TABLE "class" (id int PRIMARY KEY);
CREATE TABLE "end" (id int PRIMARY KEY);
SELECT junction.create('class', '"end"', 'style');
CREATE SCHEMA "two words";
CREATE TABLE "two words".orgs (id int PRIMARY KEY);
CREATE TABLE "x"" ]; } %%{init: {}}%% -->\ {{" (id int PRIMARY KEY);
SELECT junction.create('"x"" ]; } %%{init: {}}%% -->\ {{"', '"two words".orgs', 'public."</table>> <b>&amp; #35; `x`, %s"', '{"a\" é"}', '{1 « 語}');
SELECT format('CREATE TABLE %I (a uuid REFERENCES users, b uuid REFERENCES orgs, PRIMARY KEY (a, b))', chr(code) || 'z' || code)
FROM generate_series(33, 126) AS c (code) \gexec
END
sql "$database" --command "SELECT CASE WHEN n.nspname = 'two words' THEN 'two words.' ELSE '' END || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname IN ('public', 'two words')" > "$work/names"
is "there are tables to draw" "$(wc -l < "$work/names")" 103

if command -v dot > /dev/null; then
    drawn dot dot -Tsvg -o "$work/diagram.svg" "$work/diagram"
else
    echo "# no dot: Graphviz draws nothing"
fi
if command -v "$mmdc" > /dev/null && command -v chromium > /dev/null; then
    printf '{"executablePath": "%s", "args": ["--no-sandbox"]}' "$(command -v chromium)" > "$work/browser.json"
    drawn mermaid "$mmdc" --puppeteerConfigFile "$work/browser.json" --input "$work/diagram" --output "$work/diagram.svg"
else
    echo "# no mmdc, or no chromium: Mermaid draws nothing"
fi
done_testing
