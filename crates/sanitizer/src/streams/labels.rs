//! Tags and custom fields, as far as the operator's allow-list names them. A text of the page is looked up and
//! forgotten: what goes on is a set of the operator's labels.

use crate::allow_list::{AllowList, LabelSet};
use crate::json::{Json, each_element};
use crate::layout::{Layout, Shape, layout, read_again};
use crate::ledger::Tally;
use crate::place::Place;
use crate::value::{Fate, Value};

layout! {
    /// A custom field of a ticket.
    CustomField { id "id", value "value" }
    drop {}
}

/// Labels that were found, and how many elements were looked at for them.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) set: LabelSet,
    n_kept: u64,
    n_dropped: u64,
}

impl Found {
    fn take(&mut self, set: LabelSet) {
        self.set = self.set.and(set);
        self.n_kept += u64::from(!set.is_empty());
        self.n_dropped += u64::from(set.is_empty());
    }

    /// Counts the elements at their path, as kept where their row is stored.
    pub(crate) fn settle(&self, place: Place, is_stored: bool, tally: &mut Tally) {
        let (n_kept, n_more) = if is_stored { (self.n_kept, 0) } else { (0, self.n_kept) };
        if let Some(counts) = tally.at(place).0.get_mut(place.whole()) {
            counts.kept += n_kept;
            counts.dropped += self.n_dropped + n_more;
        }
    }
}

/// Labels of tags: an array of them, or a text with blanks between. Anything else holds none.
pub(crate) fn tags(value: &mut Value<'_>, allow: &AllowList) -> Found {
    let mut found = Found::default();
    if allow.is_empty() {
        return found;
    }
    match value.json() {
        Json::Array(raw) => {
            let is_read = each_element(raw, |tag| {
                found.take(match tag {
                    Json::Text(tag) => allow.tag(&tag.read()),
                    _ => LabelSet::default(),
                });
            });
            if !is_read {
                return Found::default();
            }
        }
        Json::Text(text) => text.read().split_ascii_whitespace().for_each(|tag| found.take(allow.tag(tag))),
        _ => return found,
    }
    value.set_fate(Fate::Opened);
    found
}

/// Labels of a ticket's custom fields: an array of `{"id": …, "value": …}`. Anything else holds none.
pub(crate) fn custom_fields(
    value: &mut Value<'_>,
    place: Place,
    allow: &AllowList,
    tally: &mut Tally,
) -> Found {
    let mut found = Found::default();
    let Json::Array(raw) = value.json() else { return found };
    if allow.is_empty() {
        return found;
    }
    each_element(raw, |element| {
        let mut field = CustomField::at(place);
        let shape = read_again(element, &mut field, tally);
        let is_set = shape != Shape::Object || field.value().json() != Json::Null;
        let id = field.id().id().ok().flatten();
        let set = id.map_or_else(LabelSet::default, |id| option(id, field.value(), allow));
        if is_set {
            found.take(set);
        }
    });
    value.set_fate(Fate::Opened);
    found
}

/// Labels of a custom field's value: a text, several of them, or a checkbox.
pub(crate) fn option(field_id: i64, value: &mut Value<'_>, allow: &AllowList) -> LabelSet {
    let mut set = LabelSet::default();
    let mut take = |value: Json<'_>| {
        let found = match value.or_null() {
            Json::Text(option) => allow.option(field_id, &option.read()),
            Json::Boolean(is_set) => allow.option(field_id, if is_set { "true" } else { "false" }),
            _ => LabelSet::default(),
        };
        set = set.and(found);
    };
    match value.json() {
        Json::Array(raw) => {
            each_element(raw, take);
        }
        value => take(value),
    }
    if !set.is_empty() {
        value.set_fate(Fate::Kept);
    }
    set
}
