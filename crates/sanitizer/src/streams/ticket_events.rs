//! Ticket events: what the children of one update share. See [`super::child_events`].

use deskmeter_tables::TICKET_EVENTS;
use deskmeter_zendesk::UnixSeconds;

use super::Rows;
use super::child_events::ChildEvent;
use super::via_object::event_via;
use crate::CleanBatch;
use crate::context::Context;
use crate::json::Json;
use crate::layout::{Many, layout};
use crate::place::Place;
use crate::pseudonym::{Pseudonym, Pseudonyms};
use crate::reject::{Fault, Rule};
use crate::table_builder::{Room, TableBuilder};
use crate::value::{Fate, IDS, Value};

layout! {
    /// An update of a ticket. Who made it from where (`system`) and what apps wrote (`metadata`) is not here.
    TicketEvent {
        id "id",
        ticket_id "ticket_id",
        timestamp "timestamp",
        created_at "created_at",
        updater_id "updater_id",
        via "via",
    }
    inside { child_events children "child_events" Many<ChildEvent<'a>>, |_| Place::ChildEvent }
    drop { "via_reference_id", "system", "metadata", "event_type" }
}

/// The ticket events of a page.
pub(crate) struct TicketEvents(TableBuilder);

/// What the children of an event share.
#[derive(Clone, Copy)]
pub(crate) struct Update<'a> {
    pub(crate) event_id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) occurred_at: UnixSeconds,
    pub(crate) updater_key: Option<Pseudonym>,
    pub(crate) is_system: bool,
    pub(crate) via: Option<&'static str>,
    /// The way as it stands there: children nearly always tell the same one.
    pub(crate) told_via: Json<'a>,
}

impl Rows for TicketEvents {
    type Row<'a> = TicketEvent<'a>;
    const PLACE: Place = Place::TicketEvent;

    fn new(room: &Room) -> Self {
        Self(TableBuilder::new(&TICKET_EVENTS, room))
    }

    fn add(&mut self, row: Option<&mut TicketEvent<'_>>, context: &mut Context<'_>) {
        let Some(event) = row else {
            return context.reject_non_object(&TICKET_EVENTS, Place::TicketEvent);
        };
        let occurred_at = occurred_at(event);
        context.saw(occurred_at);
        let via = event_via(event.via(), Place::TicketEventVia, context);
        let added = Update::read(event, occurred_at, via, &context.pseudonyms)
            .and_then(|update| self.add_children(event, update, context));
        if let Err(rule) = added {
            let id = event.id().id().ok().flatten();
            context.reject(&TICKET_EVENTS, id, rule);
        }
        context.tally.settle(event, added.is_ok());
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.0.finish()]
    }
}

/// When an event happened: its `timestamp`, else `created_at`.
fn occurred_at(event: &mut TicketEvent<'_>) -> Result<Option<UnixSeconds>, Rule> {
    Ok(match event.timestamp().epoch()? {
        Some(time) => Some(time),
        None => event.created_at().time()?,
    })
}

impl<'a> Update<'a> {
    fn read(
        event: &mut TicketEvent<'a>,
        occurred_at: Result<Option<UnixSeconds>, Rule>,
        via: Option<&'static str>,
        pseudonyms: &Pseudonyms<'_>,
    ) -> Result<Self, Rule> {
        let event_id = event.id().required(Value::id)?;
        let ticket_id = event.ticket_id().required(Value::id)?;
        let occurred_at = occurred_at?.ok_or(event.timestamp().rule(Fault::Missing))?;
        let is_system = event.updater_id().integer(-1..=*IDS.end())? == Some(-1);
        let updater_key = if is_system { None } else { event.updater_id().user(pseudonyms)? };
        let told_via = event.via().json();
        Ok(Self { event_id, ticket_id, occurred_at, updater_key, is_system, via, told_via })
    }
}

impl TicketEvents {
    fn add_children(
        &mut self,
        event: &mut TicketEvent<'_>,
        update: Update<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Rule> {
        match event.child_events().json() {
            Json::Null => return Ok(()),
            Json::Array(_) => {}
            _ => return Err(event.child_events().rule(Fault::WrongType)),
        }
        for child in event.children.iter_mut() {
            match child {
                Some(child) => child.add(update, &mut self.0, context),
                None => context.reject_non_object(&TICKET_EVENTS, Place::ChildEvent),
            }
        }
        event.child_events().set_fate(Fate::Opened);
        Ok(())
    }
}
