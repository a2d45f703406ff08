//! `via`: an object most of the time, at other times a word, a number, or what else there may be.

use deskmeter_tables::OTHER;

use crate::context::Context;
use crate::json::Json;
use crate::layout::{layout, open};
use crate::place::Place;
use crate::value::{Fate, Value};

layout! {
    /// The object.
    Via { channel "channel", source "source" }
    drop {}
}

layout! {
    /// Where the ticket came from: only the relation is read, never the names, addresses and subjects beside it.
    ViaSource { rel "rel" }
    drop { "from", "to" }
}

/// Reads a value by `word` (a function of [`crate::via`]) and notes what became of it.
pub(crate) fn way(
    value: &mut Value<'_>,
    word: impl FnOnce(Json<'_>) -> Option<&'static str>,
) -> Option<&'static str> {
    let word = word(value.json())?;
    value.set_fate(if word == OTHER { Fate::Other } else { Fate::Kept });
    Some(word)
}

/// The word for an event's or a child's `via`.
pub(crate) fn event_via(
    value: &mut Value<'_>,
    place: Place,
    context: &mut Context<'_>,
) -> Option<&'static str> {
    let Some(mut via) = open::<Via<'_>>(value, place, &mut context.tally) else {
        return way(value, crate::via::event_via);
    };
    let word = way(via.channel(), crate::via::event_via);
    context.tally.settle(&via, true);
    word
}
