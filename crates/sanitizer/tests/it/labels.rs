//! The operator's allow-list as the tests have it, and what labels an obvious reading of a tree finds.

use std::collections::{BTreeSet, HashSet};

use deskmeter_sanitizer::{AllowList, Allowed};
use deskmeter_tables::Label;

use crate::node::Node;

/// Allowed tags and their labels: two tags may share one.
const TAGS: [(&str, &str); 3] = [("closed_by_merge", "merged"), ("urgent", "hot"), ("breach", "hot")];
/// Allowed options: field, value, label.
const OPTIONS: [(i64, &str, &str); 3] = [(7, "task", "tasks"), (7, "true", "ticked"), (1, "hold", "held")];

/// Keys of a child that are no field.
pub(crate) const COMMON: [&str; 8] = [
    "id",
    "via",
    "via_reference_id",
    "event_type",
    "previous_value",
    "value",
    "comment_present",
    "comment_public",
];

pub(crate) type Labels = BTreeSet<&'static str>;

pub(crate) fn allow_list() -> AllowList {
    let label = |text| Label::parse(text).unwrap();
    let tags = TAGS.map(|(tag, name)| (label(name), Allowed::Tag(tag.into())));
    let options = OPTIONS
        .map(|(field_id, option, name)| (label(name), Allowed::Option { field_id, option: option.into() }));
    AllowList::new(tags.into_iter().chain(options)).unwrap()
}

pub(crate) fn cell(labels: &Labels) -> Option<String> {
    let words: Vec<_> = labels.iter().copied().collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// Labels of a ticket.
pub(crate) fn of_ticket(ticket: &Node) -> Labels {
    let mut labels = tags(ticket.get("tags"));
    for key in ["custom_fields", "fields"] {
        let Some(Node::Array(fields)) = ticket.get(key) else { continue };
        for field in fields {
            let id = match field.get("id") {
                Some(Node::Number(digits)) => digits.strip_suffix(".0").unwrap_or(digits).parse().ok(),
                Some(Node::Text(digits)) => digits.parse().ok(),
                _ => None,
            };
            labels.extend(id.map(|id| option(id, field.get("value"))).unwrap_or_default());
        }
    }
    labels
}

/// Labels that a child sets and takes off.
pub(crate) fn of_child(child: &Node) -> (Labels, Labels) {
    let Node::Object(entries) = child else { unreachable!() };
    let names: HashSet<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let is_alone = names.iter().filter(|name| !COMMON.contains(name)).count() == 1;
    let before = child.get("previous_value").filter(|_| is_alone);
    let (now, before) = if names.contains("added_tags") || names.contains("removed_tags") {
        (tags(child.get("added_tags")), tags(child.get("removed_tags")))
    } else if names.contains("tags") {
        (tags(child.get("tags")), tags(before))
    } else if let Some(fields) = child.get("custom_ticket_fields") {
        let Node::Object(fields) = fields else { return Default::default() };
        let ids: BTreeSet<_> = fields.iter().map(|(id, _)| id).collect();
        let mut labels = (Labels::new(), Labels::new());
        for id in &ids {
            let Ok(number) = id.parse() else { continue };
            labels.0.extend(option(number, child.get("custom_ticket_fields").unwrap().get(id)));
            if ids.len() == 1 {
                labels.1.extend(option(number, before));
            }
        }
        labels
    } else if let Some(Node::Text(name)) = child.get("field_name") {
        match name.parse() {
            _ if name == "tags" => (tags(child.get("value")), tags(before)),
            Ok(id) => (option(id, child.get("value")), option(id, before)),
            Err(_) => Default::default(),
        }
    } else {
        Default::default()
    };
    (&now - &before, &before - &now)
}

fn tags(node: Option<&Node>) -> Labels {
    let of = |word: &str| TAGS.iter().filter(move |(tag, _)| *tag == word).map(|(_, label)| *label).next();
    match node {
        Some(Node::Array(nodes)) => {
            nodes.iter().filter_map(|node| if let Node::Text(tag) = node { of(tag) } else { None }).collect()
        }
        Some(Node::Text(text)) => text.split_ascii_whitespace().filter_map(of).collect(),
        _ => Labels::new(),
    }
}

fn option(id: i64, node: Option<&Node>) -> Labels {
    let of = |node: &Node| {
        let text = match node {
            Node::Text(text) => text.clone(),
            Node::Bool(value) => value.to_string(),
            _ => return None,
        };
        OPTIONS.iter().find(|(field, value, _)| *field == id && *value == text).map(|(_, _, label)| *label)
    };
    match node {
        Some(Node::Array(nodes)) => nodes.iter().filter_map(of).collect(),
        Some(node) => of(node).into_iter().collect(),
        None => Labels::new(),
    }
}
