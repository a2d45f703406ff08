//! Child events: one row for each that sets a listed field or tells of a comment.
//!
//! A child is one of `{"status": "open", …}` (the field is the key) and `{"field_name": "status", "value": "open", …}`
//! (as in audits); the former wins. `previous_value` is the old value of whatever key stands beside it, in any order,
//! hence it is read by the rule of that key and only where there is no doubt which key that is.

use deskmeter_tables::{Domain, PRIORITY, STATUS, TICKET_EVENTS, TICKET_TYPE};

use super::label_changes::LabelChange;
use super::ticket_events::Update;
use super::via_object::{event_via, way};
use crate::allow_list::LabelSet;
use crate::context::Context;
use crate::json::Json;
use crate::layout::{Layout, layout};
use crate::place::Place;
use crate::pseudonym::{Pseudonym, Pseudonyms};
use crate::reject::{Fault, Rule};
use crate::table_builder::{Labels, Month, TableBuilder};
use crate::value::{Fate, Value};

layout! {
    /// A child event: the fields of [`FIELDS`], and what every child has.
    ChildEvent {
        status "status",
        priority "priority",
        ticket_type "type",
        assignee_id "assignee_id",
        group_id "group_id",
        organization_id "organization_id",
        brand_id "brand_id",
        ticket_form_id "ticket_form_id",
        custom_status_id "custom_status_id",
        problem_id "problem_id",
        is_public "is_public",
        id "id",
        via "via",
        via_reference_id "via_reference_id",
        event_type "event_type",
        previous_value "previous_value",
        field_name "field_name",
        value "value",
        comment_present "comment_present",
        comment_public "comment_public",
        tags "tags",
        added_tags "added_tags",
        removed_tags "removed_tags",
        custom_ticket_fields "custom_ticket_fields",
    }
    drop {
        "requester_id", "submitter_id", "subject", "raw_subject", "description", "recipient", "external_id",
        "current_tags", "satisfaction_score", "satisfaction_comment", "satisfaction_reason", "satisfaction_reason_code", "sla", "sla_policy",
        "due_at", "locale_id", "body", "html_body", "plain_body", "public", "attachments",
        "author_id",
    }
}

/// The word for a child that sets or takes off labels.
const LABEL: &str = "label";

/// How the values of a field are read.
#[derive(Clone, Copy)]
enum Reading {
    Word(&'static Domain),
    Boolean,
    Structural,
    User,
    Organization,
}

/// A field whose values are kept.
struct Field {
    /// Its key, and its name in `field_name`.
    key: &'static str,
    /// Our word for it.
    word: &'static str,
    reading: Reading,
    /// Its value in a child.
    value: for<'c, 'a> fn(&'c mut ChildEvent<'a>) -> &'c mut Value<'a>,
}

/// The listed fields, which are the first of the layout. Where a child holds several, the first is the row's.
static FIELDS: [Field; 11] = [
    Field { key: "status", word: "status", reading: Reading::Word(&STATUS), value: |child| child.status() },
    Field {
        key: "priority",
        word: "priority",
        reading: Reading::Word(&PRIORITY),
        value: |child| child.priority(),
    },
    Field {
        key: "type",
        word: "type",
        reading: Reading::Word(&TICKET_TYPE),
        value: |child| child.ticket_type(),
    },
    Field {
        key: "assignee_id",
        word: "assignee",
        reading: Reading::User,
        value: |child| child.assignee_id(),
    },
    Field { key: "group_id", word: "group", reading: Reading::Structural, value: |child| child.group_id() },
    Field {
        key: "organization_id",
        word: "organization",
        reading: Reading::Organization,
        value: |child| child.organization_id(),
    },
    Field { key: "brand_id", word: "brand", reading: Reading::Structural, value: |child| child.brand_id() },
    Field {
        key: "ticket_form_id",
        word: "ticket_form",
        reading: Reading::Structural,
        value: |child| child.ticket_form_id(),
    },
    Field {
        key: "custom_status_id",
        word: "custom_status",
        reading: Reading::Structural,
        value: |child| child.custom_status_id(),
    },
    Field {
        key: "problem_id",
        word: "problem",
        reading: Reading::Structural,
        value: |child| child.problem_id(),
    },
    Field {
        key: "is_public",
        word: "is_public",
        reading: Reading::Boolean,
        value: |child| child.is_public(),
    },
];

/// What a child is kept as.
#[derive(Clone, Copy)]
enum Kept {
    Comment,
    /// The first value of a field, or a change of it, by the word of the kind.
    Field(&'static str, Source),
    /// Labels set or taken off, by the word of the kind.
    Labels(&'static str),
}

/// Where a child's field and new value stand.
#[derive(Clone, Copy)]
enum Source {
    /// The field is the key.
    Key(&'static Field),
    /// The field is told by `field_name`.
    Named(&'static Field),
}

/// A field's value as the three columns that hold values.
#[derive(Clone, Copy, Default)]
struct Setting {
    word: Option<&'static str>,
    id: Option<i64>,
    key: Option<Pseudonym>,
}

impl ChildEvent<'_> {
    /// Adds the child's row, or accounts for why there is none.
    pub(crate) fn add(&mut self, update: Update<'_>, table: &mut TableBuilder, context: &mut Context<'_>) {
        // The rule that made the change stands beside every field, so it is told apart from them, and dropped.
        self.via_reference_id().set_fate(Fate::Dropped);
        let via = match self.via().json() {
            Json::Null => update.via,
            // Looked up once for all children of an event.
            told @ Json::Text(_) if told == update.told_via => way(self.via(), |_| update.via),
            _ => event_via(self.via(), Place::ChildEventVia, context),
        };
        let labels = LabelChange::read(self, context.allow);
        let kept = self.kept(!labels.is_empty());
        let converted = kept.and_then(|kept| match kept {
            Some(kept) => {
                self.convert(kept, Update { via, ..update }, &labels, table, context).map(|()| true)
            }
            None => Ok(false),
        });
        match converted {
            Ok(true) => {}
            Ok(false) => context.tally.drop_whole(Place::ChildEvent),
            Err(rule) => {
                let id = self.id().id().ok().flatten();
                context.reject(&TICKET_EVENTS, id, rule);
            }
        }
        context.tally.settle(self, converted == Ok(true));
        let is_stored = converted == Ok(true) && matches!(kept, Ok(Some(Kept::Labels(_))));
        labels.settle(is_stored, &mut context.tally);
    }

    /// What the child is kept as, None when it is dropped.
    fn kept(&mut self, has_labels: bool) -> Result<Option<Kept>, Rule> {
        let is_comment = self.comment_present().json() == Json::Boolean(true);
        let comment = is_comment.then_some(Kept::Comment);
        let kind = match self.event_type().json() {
            Json::Text(text) if text.is("Comment") => return Ok(Some(Kept::Comment)),
            Json::Text(text) if text.is("Create") => "create",
            Json::Text(text) if text.is("Change") => "change",
            Json::Null if comment.is_none() && self.source().is_some() => {
                return Err(self.event_type().rule(Fault::Missing));
            }
            _ => return Ok(comment),
        };
        let labels = has_labels.then_some(Kept::Labels(kind));
        Ok(self.source().map(|source| Kept::Field(kind, source)).or(labels).or(comment))
    }

    /// The listed field that the child sets: the first key of the list that is present, null or not, else the field
    /// that `field_name` tells.
    fn source(&mut self) -> Option<Source> {
        let listed = self.present().below(FIELDS.len()).indices().next();
        if let Some(field) = listed.and_then(|index| FIELDS.get(index)) {
            return Some(Source::Key(field));
        }
        match self.field_name().json() {
            Json::Text(text) => FIELDS.iter().find(|field| text.is(field.key)).map(Source::Named),
            _ => None,
        }
    }
}

impl ChildEvent<'_> {
    fn convert(
        &mut self,
        kept: Kept,
        update: Update<'_>,
        labels: &LabelChange,
        table: &mut TableBuilder,
        context: &Context<'_>,
    ) -> Result<(), Rule> {
        let id = self.id().required(Value::id)?;
        self.event_type().set_fate(Fate::Kept);
        let mut is_comment_public = None;
        let mut changed = (LabelSet::default(), LabelSet::default());
        let (kind, field, new, previous) = match kept {
            Kept::Comment => {
                is_comment_public = self.comment_public().boolean()?;
                self.comment_present().set_fate(Fate::Kept);
                ("comment", None, Setting::default(), Setting::default())
            }
            Kept::Field(kind, source) => {
                let (field, new, previous) = self.field(source, &context.pseudonyms)?;
                (kind, Some(field), new, previous)
            }
            Kept::Labels(kind) => {
                changed = (labels.added, labels.removed);
                if !labels.added.is_empty() {
                    self.custom_ticket_fields().set_fate(Fate::Kept);
                }
                (kind, Some(LABEL), Setting::default(), Setting::default())
            }
        };
        table.row((
            ("child_event_id", id),
            ("event_month", Month(update.occurred_at)),
            ("event_id", update.event_id),
            ("ticket_id", update.ticket_id),
            ("occurred_at", update.occurred_at),
            ("updater_key", update.updater_key),
            ("is_system", update.is_system),
            ("via", update.via),
            ("kind", kind),
            ("field", field),
            ("word", new.word),
            ("previous_word", previous.word),
            ("ref_id", new.id),
            ("previous_ref_id", previous.id),
            ("ref_key", new.key),
            ("previous_ref_key", previous.key),
            ("is_comment_public", is_comment_public),
            ("labels_added", Labels(changed.0, context.allow)),
            ("labels_removed", Labels(changed.1, context.allow)),
        ));
        Ok(())
    }

    /// The field's word, its new and its old value.
    fn field(
        &mut self,
        source: Source,
        pseudonyms: &Pseudonyms<'_>,
    ) -> Result<(&'static str, Setting, Setting), Rule> {
        let (field, new) = match source {
            Source::Key(field) => (field, field.reading.read((field.value)(self), pseudonyms)?),
            Source::Named(field) => {
                self.field_name().set_fate(Fate::Kept);
                (field, field.reading.read(self.value(), pseudonyms)?)
            }
        };
        let previous = if self.is_previous_of(field) {
            field.reading.read(self.previous_value(), pseudonyms)?
        } else {
            Setting::default()
        };
        Ok((field.word, new, previous))
    }

    /// Whether `previous_value` is the old value of the field that is kept. Beside another field it may be that
    /// one's. Beside a key that is not known it is trusted only where a foreign value cannot do harm: a word becomes
    /// `other`, a user's id becomes a pseudonym, but a number would be stored as it is.
    fn is_previous_of(&mut self, field: &Field) -> bool {
        self.fields_beside() == 1
            && (self.skipped_mut().unknown == 0 || !matches!(field.reading, Reading::Structural))
    }

    /// Whether exactly one field stands in the child, and no key that is not known.
    pub(crate) fn has_one_field_alone(&mut self) -> bool {
        self.fields_beside() == 1 && self.skipped_mut().unknown == 0
    }

    /// How many fields the child may be about: keys of the list, `field_name`, tags and fields, known keys that are
    /// dropped.
    fn fields_beside(&mut self) -> usize {
        let listed = self.present().below(FIELDS.len()).count();
        let others = [
            self.field_name().is_present(),
            self.tags().is_present(),
            self.added_tags().is_present(),
            self.removed_tags().is_present(),
            self.custom_ticket_fields().is_present(),
        ];
        listed + others.into_iter().filter(|is_present| *is_present).count() + self.skipped_mut().known
    }
}

impl Reading {
    fn read(self, value: &mut Value<'_>, pseudonyms: &Pseudonyms<'_>) -> Result<Setting, Rule> {
        let none = Setting::default();
        Ok(match self {
            Self::Word(domain) => Setting { word: value.word(domain)?, ..none },
            Self::Boolean => Setting { word: boolean_word(value)?, ..none },
            Self::Structural => Setting { id: value.id()?, ..none },
            Self::User => Setting { key: value.user(pseudonyms)?, ..none },
            Self::Organization => Setting { key: value.organization(pseudonyms)?, ..none },
        })
    }
}

/// A boolean, which audits write as a text, as a word.
fn boolean_word(value: &mut Value<'_>) -> Result<Option<&'static str>, Rule> {
    let boolean = match value.json() {
        Json::Text(text) if text.is("true") => Some(true),
        Json::Text(text) if text.is("false") => Some(false),
        _ => return Ok(value.boolean()?.map(word)),
    };
    value.set_fate(Fate::Kept);
    Ok(boolean.map(word))
}

const fn word(boolean: bool) -> &'static str {
    if boolean { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listed_fields_are_the_first_of_the_layout() {
        for (field, key) in FIELDS.iter().zip(ChildEvent::KEYS) {
            assert_eq!(field.key, *key);
        }
    }
}
