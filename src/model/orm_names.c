/*
 * orm_names.c
 *		Knows the names that ORMs give to a junction.
 *
 * Where an ORM makes the schema, it chooses the name of a junction, and does
 * not find the table under another one.  The names of two parents are written
 * in these ways, the parents in either order:
 *
 *	invoice_tag				Laravel, Doctrine
 *	invoice_tags			Rails' has_many through, MikroORM
 *	invoices_tags			Rails' HABTM, Directus
 *	catalog_items_tags		Rails' HABTM of catalog_items and catalog_tags
 *	invoices_to_tags		drizzle
 *	invoice_tag_association	SQLAlchemy
 *	shop_invoicetag			Django, a model of its own
 *
 * or, with a name of the user's for the relation, behind that of a parent:
 *
 *	shop_invoice_labels		Django, MikroORM, Payload (posts_rels)
 *	invoices_labels_tags	TypeORM
 *	invoices_labels_lnk		Strapi 5; Strapi 4 has _links
 *
 * or of the relation alone: _InvoiceToTag with the columns "A" and "B" (Prisma).
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* A parent's name in the forms that a junction's name can hold, squashed */
typedef struct ParentForms
{
	char	   *plural;			/* the name itself */
	char	   *singular;
	char	   *bare_plural;	/* both without the prefix that all parents have */
	char	   *bare_singular;
} ParentForms;

/*
 * Returns the length of the prefix that both names have, up to and with an
 * underscore, so that something remains of each: 8 for catalog_items and
 * catalog_tags.
 */
static size_t
common_prefix(const char *left, const char *right)
{
	size_t		length = 0;

	for (size_t i = 0; left[i] != '\0' && left[i] == right[i]; i++)
		if (left[i] == '_' && left[i + 1] != '\0' && right[i + 1] != '\0')
			length = i + 1;
	return length;
}

static ParentForms
parent_forms(const char *name, size_t prefix)
{
	ParentForms forms;

	forms.plural = squash_name(name);
	forms.singular = squash_name(table_noun(name));
	forms.bare_plural = squash_name(name + prefix);
	forms.bare_singular = squash_name(table_noun(name + prefix));
	return forms;
}

/*
 * Returns what follows start in a text, or null if the text does not begin with
 * it.
 */
static const char *
text_behind(const char *text, const char *start)
{
	size_t		length = strlen(start);

	return strncmp(text, start, length) == 0 ? text + length : NULL;
}

/*
 * Is this text the name of a parent, in any of its forms, with nothing behind it
 * but SQLAlchemy's word?
 */
static bool
is_parent_form(const char *text, const ParentForms *parent)
{
	const char *const forms[] = {
		parent->plural, parent->singular, parent->bare_plural, parent->bare_singular
	};

	for (int i = 0; i < lengthof(forms); i++)
	{
		const char *rest = text_behind(text, forms[i]);

		if (rest != NULL && (*rest == '\0' || strcmp(rest, "association") == 0 ||
							 strcmp(rest, "associationtable") == 0))
			return true;
	}
	return false;
}

/*
 * Is a squashed name that of one parent followed by that of the other?
 */
static bool
is_of_parents(const char *name, const ParentForms *first, const ParentForms *second)
{
	const char *const forms[] = {first->plural, first->singular};

	for (int i = 0; i < lengthof(forms); i++)
	{
		const char *rest = text_behind(name, forms[i]);
		const char *behind_to = rest ? text_behind(rest, "to") : NULL;

		if (rest != NULL &&
			(is_parent_form(rest, second) ||
			 (behind_to != NULL && is_parent_form(behind_to, second))))
			return true;
	}
	return false;
}

/*
 * Does a name consist of the parent's name, an underscore, and a name for the
 * relation?
 */
static bool
is_of_field(const char *name, const char *parent)
{
	const char *rest = text_behind(name, parent);

	return rest != NULL && rest[0] == '_' && rest[1] != '\0';
}

/*
 * Is this a table of Prisma's: _InvoiceToTag, or _name for a relation that has a
 * name, with the columns "A" and "B"?
 */
static bool
is_prismas(const TableFacts *table)
{
	return table->name[0] == '_' && list_length(table->columns) == 2 &&
		find_column_by_name(table, "A") != NULL && find_column_by_name(table, "B") != NULL;
}

/* Does a name have this ending, and something before it? */
static bool
has_ending(const char *name, const char *ending)
{
	size_t		length = strlen(name);
	size_t		cut = strlen(ending);

	return length > cut && strcmp(name + length - cut, ending) == 0;
}

/*
 * Is this a table of Payload's, in which "path" says which field of the parent
 * a row is of?  A pair may be there once for each field.
 */
bool
is_payloads(const TableFacts *table)
{
	return has_ending(table->name, "_rels") && find_column_by_name(table, "path") != NULL &&
		find_column_by_name(table, "parent_id") != NULL;
}

/*
 * Would an ORM give this name to a junction of these two parents?
 */
bool
is_orm_name(const TableFacts *table, const TableFacts *left, const TableFacts *right)
{
	const char *name = table->name;
	size_t		prefix = common_prefix(left->name, right->name);
	char	   *squashed = squash_name(name);
	ParentForms forms_left;
	ParentForms forms_right;

	/* SQLAlchemy's tutorial has the last two; what it links, its columns say */
	if (is_prismas(table) || has_ending(name, "_lnk") || strcmp(name, "association") == 0 ||
		strcmp(name, "association_table") == 0)
		return true;
	if (is_of_field(name, left->name) || is_of_field(name, right->name))
		return true;
	forms_left = parent_forms(left->name, prefix);
	forms_right = parent_forms(right->name, prefix);
	return is_of_parents(squashed, &forms_left, &forms_right) ||
		is_of_parents(squashed, &forms_right, &forms_left);
}
