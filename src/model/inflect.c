/*
 * inflect.c
 *		Builds the singular of English table names, and the plural of nouns.
 *
 * A name is expected in snake_case and lower case.  Only its last word, behind
 * the last underscore, is changed: order_items becomes order_item.  Endings
 * are compared byte by byte and have ASCII letters only, so other letters are
 * unchanged in every server encoding.
 *
 * A word is looked up in these tables, and the first that has it decides:
 *
 *	1. irregular: plurals with a singular of their own;
 *	2. loses_s: plurals that only lose the s, and that a later table would
 *	   change otherwise or not at all;
 *	3. unchanging: words that look like a plural and have no other form;
 *	4. takes_es: singulars that end in s, and their plurals in -es;
 *	5. rules: the regular endings, last a plain -s.
 *
 * An entry matches every word with this ending, so that compounds follow their
 * last part (salespeople, userstatuses).  With a ^ before it, it matches this
 * word only, because other words have the same ending (^toes, but potatoes).
 *
 * A singular should stay unchanged, so there are entries for words that end in
 * s and are not plurals.  This is not a dictionary: of two readings of a word
 * the one that a table is likely to mean is chosen (bases is base, not basis;
 * media and data stay).  Only English is known.  The result can be longer than
 * the name by a letter or two; the caller cuts it.
 */
#include "postgres.h"

#include "base/base.h"
#include "model/model.h"

/* An ending in the plural and in the singular; plural can begin with ^ */
typedef struct Inflection
{
	const char *plural;
	const char *singular;
} Inflection;

static const Inflection irregular[] = {
	{"people", "person"},
	{"children", "child"},
	{"women", "woman"},
	{"feet", "foot"},
	{"teeth", "tooth"},
	{"^geese", "goose"},
	{"^mice", "mouse"},
	{"^lice", "louse"},
	{"^oxen", "ox"},
	{"^monies", "money"},

	/* -men: not specimen, regimen, abdomen, acumen */
	{"^men", "man"},
	{"smen", "sman"},
	{"shmen", "shman"},
	{"chmen", "chman"},
	{"tmen", "tman"},
	{"^airmen", "airman"},
	{"^cameramen", "cameraman"},
	{"^chairmen", "chairman"},
	{"^firemen", "fireman"},
	{"^fishermen", "fisherman"},
	{"^foremen", "foreman"},
	{"gentlemen", "gentleman"},
	{"^gunmen", "gunman"},
	{"^handymen", "handyman"},
	{"^laymen", "layman"},
	{"^middlemen", "middleman"},
	{"policemen", "policeman"},
	{"^repairmen", "repairman"},
	{"^seamen", "seaman"},
	{"^workmen", "workman"},

	/* -f and -fe: all others in -ves end in -ve */
	{"leaves", "leaf"},
	{"sheaves", "sheaf"},
	{"thieves", "thief"},
	{"elves", "elf"},			/* shelves and selves too */
	{"halves", "half"},
	{"calves", "calf"},
	{"wolves", "wolf"},
	{"hooves", "hoof"},
	{"loaves", "loaf"},
	{"scarves", "scarf"},
	{"dwarves", "dwarf"},
	{"wharves", "wharf"},
	{"wives", "wife"},
	{"knives", "knife"},
	{"^lives", "life"},
	{"^afterlives", "afterlife"},

	/* -is */
	{"lyses", "lysis"},			/* analyses, dialyses */
	{"theses", "thesis"},		/* hypotheses, parentheses */
	{"gnoses", "gnosis"},		/* diagnoses, prognoses */
	{"neuroses", "neurosis"},
	{"psychoses", "psychosis"},
	{"phoses", "phosis"},
	{"stases", "stasis"},
	{"synopses", "synopsis"},
	{"emphases", "emphasis"},
	{"crises", "crisis"},
	{"^geneses", "genesis"},
	{"^oases", "oasis"},
	{"^axes", "axis"},

	/* Latin and Greek */
	{"indices", "index"},
	{"appendices", "appendix"},
	{"vertices", "vertex"},
	{"vortices", "vortex"},
	{"matrices", "matrix"},
	{"codices", "codex"},
	{"cortices", "cortex"},
	{"^apices", "apex"},
	{"criteria", "criterion"},
	{"phenomena", "phenomenon"},
	{"^automata", "automaton"},
	{"polyhedra", "polyhedron"},
	{"^taxa", "taxon"},
	{"bacteria", "bacterium"},
	{"curricula", "curriculum"},
	{"memoranda", "memorandum"},
	{"referenda", "referendum"},
	{"^addenda", "addendum"},
	{"^errata", "erratum"},
	{"^strata", "stratum"},
	{"^spectra", "spectrum"},
	{"symposia", "symposium"},
	{"consortia", "consortium"},
	{"millennia", "millennium"},
	{"^stadia", "stadium"},
	{"schemata", "schema"},
	{"corpora", "corpus"},
	{"^genera", "genus"},
	{"alumni", "alumnus"},
	{"syllabi", "syllabus"},
	{"stimuli", "stimulus"},
	{"thesauri", "thesaurus"},
	{"cacti", "cactus"},
	{"fungi", "fungus"},
	{"nuclei", "nucleus"},
	{"bacilli", "bacillus"},
	{"^radii", "radius"},
	{"^foci", "focus"},
	{"^loci", "locus"},
	{"octopi", "octopus"},
	{"alumnae", "alumna"},
	{"antennae", "antenna"},
	{"formulae", "formula"},
	{"larvae", "larva"},
	{"^algae", "alga"},
	{"personae", "persona"},
	{"eaux", "eau"},

	/* one z of two */
	{"quizzes", "quiz"},
	{"whizzes", "whiz"},
	{"^fezzes", "fez"},

	/* -s doubled */
	{"^busses", "bus"},
	{"^gasses", "gas"}
};

static const char *const loses_s[] = {
	/* -ie; four letters in -ies have no stem for a y */
	"^aunties", "beanies", "^birdies", "^bookies", "bowties", "brasseries",
	"brownies", "^budgies", "^caddies", "calories", "^charcuteries",
	"^collies", "cookies", "coteries", "^cuties", "^dies", "doggies",
	"foodies", "freebies", "^genies", "goalies", "groupies", "hippies",
	"hoodies", "^indies", "junkies", "^lassies", "^lies", "magpies",
	"menageries", "movies", "neckties", "newbies", "^oldies", "patisseries",
	"^pies", "^pixies", "prairies", "^quickies", "^reveries", "roadies",
	"rookies", "rotisseries", "selfies", "smoothies", "^softies", "sorties",
	"sweeties", "^talkies", "techies", "^ties", "veggies", "yuppies",
	"zombies",

	/* -che and -sse */
	"^aches", "avalanches", "^backaches", "brioches", "caches", "^cliches",
	"^creches", "douches", "fiches", "headaches", "moustaches", "mustaches",
	"^niches", "pastiches", "^psyches", "quiches", "toothaches", "tranches",
	"crevasses", "finesses", "impasses", "^mousses", "^posses",

	/* -oe */
	"^aloes", "^canoes", "^does", "^floes", "^foes", "^hoes", "oboes",
	"^roes", "shoes", "^sloes", "throes", "^tiptoes", "^toes", "^woes",

	/* -use */
	"auses", "ouses", "^abuses", "excuses", "fuses", "hypotenuses",
	"^misuses", "^muses", "recluses", "^reuses", "^ruses", "^uses",

	/* -u and -i, which would pass for singulars in -us and -is */
	"^cpus", "eaus", "^emus", "^gpus", "^gurus", "^haikus", "^hindus",
	"menus", "^skus", "^tutus",
	"^alibis", "apis", "^bikinis", "^dois", "emojis", "^kiwis", "kpis",
	"^pois", "^rabbis", "^safaris", "^skis", "^taxis", "^tsunamis", "^uris",
	"wikis"
};

static const char *const unchanging[] = {
	"analytics", "^barracks", "^binoculars", "bordeaux", "^clothes",
	"crossroads", "devops", "^diabetes", "^economics", "^electronics",
	"^ethics", "forceps", "^gallows", "genetics", "genomics", "^goods",
	"gymnastics", "headquarters", "^herpes", "iceps", "informatics", "^jeans",
	"^kubernetes", "linguistics", "logistics", "mathematics", "^means",
	"^measles", "^molasses", "^mumps", "^news", "^overseas", "^pajamas",
	"^pants", "^physics", "^politics", "^postgres", "^pyjamas", "^rabies",
	"^robotics", "^scabies", "scissors", "^series", "^miniseries",
	"^subseries", "^timeseries", "^webseries", "species", "^summons",
	"^trousers",

	/* abbreviations */
	"^aws", "aas", "^cms", "^cors", "dbms", "^dns", "^gps", "^https", "^ios",
	"js", "^lms", "^macos", "^mms", "^pos", "^sms", "^tls", "^vps",

	/* basis, analysis; their plurals are irregular */
	"is"
};

static const char *const takes_es[] = {
	"alias", "^atlas", "^bias", "^biogas", "canvas", "^chaos", "^christmas",
	"^cosmos", "^ethos", "^gas", "^iris", "kansas", "^kudos", "^lens",
	"^mantis", "^pancreas", "^pathos", "^pelvis", "polis", "^rhinoceros",
	"^texas", "^thermos", "^trellis", "ss", "us"
};

static const Inflection rules[] = {
	{"ies", "y"},
	{"shes", "sh"},
	{"ches", "ch"},
	{"xes", "x"},
	{"zzes", "zz"},
	{"tzes", "tz"},
	{"oes", "o"},
	{"s", ""}
};

/*
 * Does the entry match the word?  length: of the word, in bytes.
 */
static bool
entry_matches(const char *entry, const char *word, size_t length)
{
	bool		whole = (entry[0] == '^');
	const char *ending = whole ? entry + 1 : entry;
	size_t		ending_length = strlen(ending);

	if (ending_length > length || (whole && ending_length < length))
		return false;

	return memcmp(word + length - ending_length, ending, ending_length) == 0;
}

/* Does an entry of the list, which has n, match the word? */
static bool
is_listed(const char *word, size_t length, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (entry_matches(list[i], word, length))
			return true;
	}

	return false;
}

/*
 * Returns the first entry of the list, which has n, that matches the word, or
 * null.
 */
static const Inflection *
find_inflection(const char *word, size_t length, const Inflection *list, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (entry_matches(list[i].plural, word, length))
			return &list[i];
	}

	return NULL;
}

#define IS_LISTED(word, length, list) \
	is_listed(word, length, list, lengthof(list))
#define FIND_INFLECTION(word, length, list) \
	find_inflection(word, length, list, lengthof(list))

/*
 * Returns the inflection of a word, or null if the word is unchanged.
 */
static const Inflection *
choose_inflection(const char *word)
{
	static const Inflection plain_s = {"s", ""};
	static const Inflection plain_es = {"es", ""};
	size_t		length = strlen(word);
	const Inflection *found;

	/* shorter words are abbreviations (os, us) rather than plurals */
	if (length < 3)
		return NULL;

	found = FIND_INFLECTION(word, length, irregular);
	if (found != NULL)
		return found;

	if (IS_LISTED(word, length, loses_s))
		return &plain_s;

	if (IS_LISTED(word, length, unchanging) ||
		IS_LISTED(word, length, takes_es))
		return NULL;

	if (entry_matches("ses", word, length) &&
		IS_LISTED(word, length - 2, takes_es))
		return &plain_es;

	return FIND_INFLECTION(word, length, rules);
}

/*
 * Returns the name with its last word in the singular, as a copy.
 *
 * Without its s a word can be a plural that somebody took for a singular
 * (criterias, peoples), so this is repeated until the word is unchanged.  Thus
 * the singular of a singular is the same name.
 */
char *
singular_name(const char *name)
{
	const char *underscore = strrchr(name, '_');
	int			start = underscore ? underscore + 1 - name : 0;
	char	   *result = pstrdup(name);
	const Inflection *found;

	while ((found = choose_inflection(result + start)) != NULL)
	{
		const char *ending = found->plural;
		int			keep;

		if (ending[0] == '^')
			ending++;
		keep = strlen(result) - strlen(ending);

		result = psprintf("%.*s%s", keep, result, found->singular);
	}

	return result;
}

/*
 * Returns the irregular plural of a word, or null.
 */
static char *
irregular_plural(const char *word)
{
	for (int i = 0; i < lengthof(irregular); i++)
	{
		bool		whole = irregular[i].plural[0] == '^';
		const char *singular = irregular[i].singular;
		int			rest = strlen(word) - strlen(singular);

		if (rest >= 0 && (rest == 0 || !whole) && strcmp(word + rest, singular) == 0)
			return psprintf("%.*s%s", rest, word, irregular[i].plural + (whole ? 1 : 0));
	}
	return NULL;
}

/*
 * Returns the plural of a noun: of its last word, behind the last underscore.  A
 * plural, and a word that has no other form, stay as they are.  Of the regular
 * endings the first is taken that singular_name() leads back from.
 */
char *
plural_name(const char *name)
{
	static const Inflection endings[] = {{"ies", "y"}, {"s", ""}, {"es", ""}};
	const char *underscore = strrchr(name, '_');
	const char *word = underscore ? underscore + 1 : name;
	size_t		length = strlen(word);
	char	   *plural = irregular_plural(word);

	if (plural != NULL)
		return psprintf("%.*s%s", (int) (word - name), name, plural);
	if (strcmp(singular_name(name), name) != 0 || IS_LISTED(word, length, unchanging))
		return pstrdup(name);
	for (int i = 0; i < lengthof(endings); i++)
	{
		int			rest = strlen(name) - strlen(endings[i].singular);

		if (rest < 0 || strcmp(name + rest, endings[i].singular) != 0)
			continue;
		plural = psprintf("%.*s%s", rest, name, endings[i].plural);
		if (strcmp(singular_name(plural), name) == 0)
			return plural;
	}
	return psprintf("%ss", name);
}
