//! Child events that set or take off what the operator's allow-list names: tags and options of custom fields, in every
//! shape in which Zendesk tells them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::child_events::ChildEvent;
use super::labels::{self, Found};
use crate::allow_list::{AllowList, LabelSet};
use crate::json::Json;
use crate::ledger::Tally;
use crate::place::Place;
use crate::value::{Fate, Value};

/// Labels that a child sets and takes off.
#[derive(Default)]
pub(crate) struct LabelChange {
    pub(crate) added: LabelSet,
    pub(crate) removed: LabelSet,
    /// What was looked at, by place.
    found: [(Option<Place>, Found); 2],
}

impl LabelChange {
    pub(crate) const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Accounts for the tags that were looked at.
    pub(crate) fn settle(&self, is_stored: bool, tally: &mut Tally) {
        for (place, found) in &self.found {
            if let Some(place) = place {
                found.settle(*place, is_stored, tally);
            }
        }
    }

    /// Tags set and tags taken off, each told as such.
    fn told(added: Found, removed: Found) -> Self {
        Self {
            added: added.set.without(removed.set),
            removed: removed.set.without(added.set),
            found: [(Some(Place::ChildAddedTag), added), (Some(Place::ChildRemovedTag), removed)],
        }
    }

    /// Tags as they are now and as they were before.
    fn between(place: Place, now: Found, before: Found) -> Self {
        Self {
            added: now.set.without(before.set),
            removed: before.set.without(now.set),
            found: [(Some(place), now), (Some(Place::ChildPreviousTag), before)],
        }
    }

    fn of_options(now: LabelSet, before: LabelSet) -> Self {
        Self { added: now.without(before), removed: before.without(now), ..Self::default() }
    }

    /// Reads a child. `previous_value` is the old value of whatever stands beside it, so it is looked at only where
    /// nothing else does.
    pub(crate) fn read(child: &mut ChildEvent<'_>, allow: &AllowList) -> Self {
        if allow.is_empty() {
            return Self::default();
        }
        let is_only_one = child.has_one_field_alone();
        let previous = |child: &mut ChildEvent<'_>| {
            if is_only_one { labels::tags(child.previous_value(), allow) } else { Found::default() }
        };
        if child.added_tags().is_present() || child.removed_tags().is_present() {
            let added = labels::tags(child.added_tags(), allow);
            return Self::told(added, labels::tags(child.removed_tags(), allow));
        }
        if child.tags().is_present() {
            let now = labels::tags(child.tags(), allow);
            return Self::between(Place::ChildTag, now, previous(child));
        }
        if child.custom_ticket_fields().is_present() {
            return Self::of_fields(child, allow, is_only_one);
        }
        let Json::Text(name) = child.field_name().json() else { return Self::default() };
        if name.is("tags") {
            let now = labels::tags(child.value(), allow);
            return Self::between(Place::ChildNamedTag, now, previous(child));
        }
        let Ok(field_id) = name.read().parse() else { return Self::default() };
        let now = labels::option(field_id, child.value(), allow);
        let mut before = LabelSet::default();
        if is_only_one {
            before = labels::option(field_id, child.previous_value(), allow);
        }
        Self::of_options(now, before)
    }

    /// Fields by id in an object. The old value belongs to a field only where it is the only one.
    fn of_fields(child: &mut ChildEvent<'_>, allow: &AllowList, is_only_one: bool) -> Self {
        let Json::Object(raw) = child.custom_ticket_fields().json() else { return Self::default() };
        let Ok(fields) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(raw) else {
            return Self::default();
        };
        let (mut now, mut before) = (LabelSet::default(), LabelSet::default());
        for (id, raw) in &fields {
            let Ok(field_id) = id.parse() else { continue };
            let mut value = Value::absent(Place::ChildEvent, 0);
            value.set(Json::of(raw.get()), Fate::Dropped);
            now = now.and(labels::option(field_id, &mut value, allow));
            if is_only_one && fields.len() == 1 {
                before = labels::option(field_id, child.previous_value(), allow);
            }
        }
        Self::of_options(now, before)
    }
}
