//! Ways by which tickets and updates are made: Zendesk's via types as our words.
//! <https://developer.zendesk.com/documentation/ticketing/reference-guides/via-types>

use deskmeter_tables::{CHANNEL, OTHER};

use crate::json::Json;

/// A way: its number, its names as via types or display names (lower case, blanks as underscores), the channel of a
/// ticket made so, and the word of an update made so.
struct Way {
    id: i64,
    names: &'static [&'static str],
    channel: &'static str,
    event_via: &'static str,
}

const fn way(id: i64, names: &'static [&'static str], channel: &'static str, event_via: &'static str) -> Way {
    Way { id, names, channel, event_via }
}

/// Number of ways that are known by name alone.
const NO_ID: i64 = -1;

const WAYS: &[Way] = &[
    way(0, &["web_form", "web"], "web", "web_form"),
    way(4, &["mail", "email"], "email", "mail"),
    way(5, &["web_service", "api", "web_service_(api)"], "api", "web_service"),
    way(8, &["rule", "trigger", "automation", "trigger,_automation"], "rule", "rule"),
    way(9, &["linked_problem"], OTHER, "linked_problem"),
    way(10, &["group_deletion"], OTHER, "group_deletion"),
    way(11, &["user_change", "change_user"], OTHER, "user_change"),
    way(12, &["user_deletion", "delete_user"], OTHER, "user_deletion"),
    way(13, &["group_change", "change_group"], OTHER, "group_change"),
    way(15, &["iphone"], "mobile", "mobile"),
    way(17, &["dropbox", "feedback_tab"], "web", "web_form"),
    way(19, &["merge"], "merge", "merge"),
    way(20, &["batch"], "web", "batch"),
    way(23, &["twitter_favorite"], "twitter", OTHER),
    way(26, &["twitter_dm"], "twitter", OTHER),
    way(27, &["closed_ticket"], "closed_ticket", OTHER),
    way(29, &["chat"], "chat", "chat"),
    way(30, &["twitter"], "twitter", OTHER),
    way(31, &["ticket_sharing"], "api", OTHER),
    way(33, &["voicemail", "voice"], "voice", "voice"),
    way(34, &["phone_call_inbound", "phone_call_(incoming)"], "voice", "voice"),
    way(35, &["phone_call_outbound", "phone_call_(outbound)"], "voice", "voice"),
    way(38, &["facebook_post"], "facebook", OTHER),
    way(41, &["facebook_message"], "facebook", OTHER),
    way(48, &["web_widget"], "web_widget", "web_form"),
    way(49, &["mobile_sdk"], "mobile_sdk", "mobile"),
    way(50, &["helpcenter", "help_center"], "help_center", "web_form"),
    way(51, &["sample_ticket"], "sample_ticket", OTHER),
    way(55, &["any_channel"], "any_channel", OTHER),
    way(56, &["mobile"], "mobile", "mobile"),
    way(NO_ID, &["native_messaging", "messaging"], "native_messaging", "messaging"),
];

/// The channel of a ticket, or `other`; None when nothing is told.
pub(crate) fn channel(value: Json<'_>) -> Option<&'static str> {
    if let Json::Text(text) = value
        && let Some(word) = CHANNEL.get(&text.read())
    {
        return Some(word);
    }
    find(value, |way| way.channel)
}

/// The word for an update, or `other`; None when nothing is told.
pub(crate) fn event_via(value: Json<'_>) -> Option<&'static str> {
    find(value, |way| way.event_via)
}

/// The word of the way that a number, a numeric string or a name tells.
fn find(value: Json<'_>, word: fn(&Way) -> &'static str) -> Option<&'static str> {
    let way = match value.or_null() {
        Json::Null => return None,
        Json::Integer(id) => by_id(id),
        Json::Text(text) => {
            let text = text.read();
            by_name(&text).or_else(|| text.parse::<u16>().ok().and_then(|id| by_id(id.into())))
        }
        _ => None,
    };
    Some(way.map_or(OTHER, word))
}

fn by_id(id: i64) -> Option<&'static Way> {
    WAYS.iter().find(|way| way.id == id && id != NO_ID)
}

fn by_name(name: &str) -> Option<&'static Way> {
    let is_like = |known: &str| {
        known.len() == name.len()
            && known
                .bytes()
                .zip(name.bytes())
                .all(|(known, byte)| known == byte.to_ascii_lowercase() || (known == b'_' && byte == b' '))
    };
    WAYS.iter().find(|way| way.names.iter().any(|known| is_like(known)))
}

#[cfg(test)]
mod tests {
    use deskmeter_tables::EVENT_VIA;

    use super::*;

    #[test]
    fn every_way_leads_to_words_of_the_closed_lists() {
        for way in WAYS {
            assert!(CHANNEL.get(way.channel).is_some(), "{}", way.channel);
            assert!(EVENT_VIA.get(way.event_via).is_some(), "{}", way.event_via);
        }
    }

    #[test]
    fn reads_display_names_types_and_numbers_alike() {
        let both = |raw| (channel(Json::of(raw)), event_via(Json::of(raw)));
        for raw in [r#""Web form""#, r#""web_form""#, "0", r#""0""#, r#""web""#] {
            assert_eq!(both(raw), (Some("web"), Some("web_form")), "{raw}");
        }
        for raw in ["-1", r#""-1""#, r#""-0""#, "99", "1e1", "true", "{}", r#""A customer's name""#] {
            assert_eq!(both(raw), (Some(OTHER), Some(OTHER)), "{raw}");
        }
        assert_eq!((both("null"), both(r#""""#)), ((None, None), (None, None)));
    }
}
