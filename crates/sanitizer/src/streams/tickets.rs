//! Tickets, with the metric sets that they carry.

use deskmeter_tables::{PRIORITY, STATUS, SUPPORT_TYPE, TICKET_METRIC_SETS, TICKET_TYPE, TICKETS, VIA_REL};

use super::Rows;
use super::labels::{self, Found};
use super::metric_sets::{self, Carrier, TicketMetricSet};
use super::via_object::{Via, ViaSource, way};
use crate::CleanBatch;
use crate::allow_list::LabelSet;
use crate::context::Context;
use crate::json::{Json, each_element};
use crate::layout::{layout, open};
use crate::ledger::Tally;
use crate::place::Place;
use crate::reject::{Fault, Rule};
use crate::table_builder::{Labels, Month, Room, TableBuilder};
use crate::value::{Fate, Value};

/// The one tag that is looked for: Zendesk sets it on tickets that it closes by merging them.
const CLOSED_BY_MERGE: &str = "closed_by_merge";

layout! {
    /// A ticket of the export. Subject, description, addresses and ratings are not here; tags and custom fields are
    /// compared with the allow-list.
    Ticket {
        id "id",
        via "via",
        created_at "created_at",
        updated_at "updated_at",
        generated_timestamp "generated_timestamp",
        ticket_type "type",
        priority "priority",
        status "status",
        requester_id "requester_id",
        submitter_id "submitter_id",
        assignee_id "assignee_id",
        organization_id "organization_id",
        group_id "group_id",
        collaborator_ids "collaborator_ids",
        follower_ids "follower_ids",
        email_cc_ids "email_cc_ids",
        problem_id "problem_id",
        has_incidents "has_incidents",
        is_public "is_public",
        due_at "due_at",
        tags "tags",
        custom_fields "custom_fields",
        fields "fields",
        custom_status_id "custom_status_id",
        followup_ids "followup_ids",
        ticket_form_id "ticket_form_id",
        brand_id "brand_id",
        is_messaging "from_messaging_channel",
        support_type "support_type",
    }
    inside { metric_set metric_set_object "metric_set" Option<TicketMetricSet<'a>>, |_| Place::MetricSet }
    drop {
        "url", "external_id", "subject", "raw_subject", "description", "recipient", "forum_topic_id",
        "satisfaction_rating", "sharing_agreement_ids", "encoded_id",
        "allow_channelback", "allow_attachments", "deleted_ticket_form_id", "slas", "metric_events", "dates",
        "comment_count", "incident_count", "satisfaction_probability", "email_ccs", "ticket_id",
        "is_ai_agent_ticket", "comment", "collaborators", "followers", "attribute_value_ids",
    }
}

/// The tickets of a page.
pub(crate) struct Tickets {
    tickets: TableBuilder,
    metric_sets: TableBuilder,
}

impl Rows for Tickets {
    type Row<'a> = Ticket<'a>;
    const PLACE: Place = Place::Ticket;

    fn new(room: &Room) -> Self {
        Self {
            tickets: TableBuilder::new(&TICKETS, room),
            metric_sets: TableBuilder::new(&TICKET_METRIC_SETS, room),
        }
    }

    fn add(&mut self, row: Option<&mut Ticket<'_>>, context: &mut Context<'_>) {
        let Some(ticket) = row else { return context.reject_non_object(&TICKETS, Place::Ticket) };
        context.saw(ticket.generated_timestamp().epoch());
        let mut via = open::<Via<'_>>(ticket.via(), Place::TicketVia, &mut context.tally);
        let mut source = via
            .as_mut()
            .and_then(|via| open::<ViaSource<'_>>(via.source(), Place::TicketViaSource, &mut context.tally));
        let channel = match &mut via {
            Some(via) => way(via.channel(), crate::via::channel),
            None => way(ticket.via(), crate::via::channel),
        };
        let rel = source.as_mut().and_then(|source| relation(source.rel()));

        let labels = TicketLabels::read(ticket, context);
        let carrier = self.convert(ticket, channel, rel, labels.set(), context);
        match carrier {
            Ok(carrier) => {
                let (value, set) = (*ticket.metric_set(), ticket.metric_set_object.as_mut());
                metric_sets::add(&value, set, carrier, &mut self.metric_sets, context);
            }
            Err(rule) => {
                let id = ticket.id().id().ok().flatten();
                context.reject(&TICKETS, id, rule);
                ticket.metric_set().set_fate(Fate::Dropped);
            }
        }
        context.tally.settle(ticket, carrier.is_ok());
        labels.settle(carrier.is_ok(), &mut context.tally);
        if let Some(via) = via {
            context.tally.settle(&via, carrier.is_ok());
        }
        if let Some(source) = source {
            context.tally.settle(&source, carrier.is_ok());
        }
    }

    fn finish(self) -> Vec<CleanBatch> {
        vec![self.metric_sets.finish(), self.tickets.finish()]
    }
}

impl Tickets {
    /// Adds the ticket's row, or tells the first column, in the table's order, that cannot be made.
    fn convert(
        &mut self,
        ticket: &mut Ticket<'_>,
        channel: Option<&'static str>,
        rel: Option<&'static str>,
        labels: LabelSet,
        context: &Context<'_>,
    ) -> Result<Carrier, Rule> {
        let pseudonyms = &context.pseudonyms;
        let ticket_id = ticket.id().required(Value::id)?;
        let created_at = ticket.created_at().required(Value::time)?;
        let generated_at = ticket.generated_timestamp().epoch()?;
        let updated_at = ticket.updated_at().required(Value::time)?;
        // The plain list is not documented to have it; the last update is never later than the version.
        let generated_at = generated_at.unwrap_or(updated_at);
        self.tickets.row((
            ("ticket_id", ticket_id),
            ("created_month", Month(created_at)),
            ("generated_at", generated_at),
            ("created_at", created_at),
            ("updated_at", updated_at),
            ("status", ticket.status().required(|status| status.word(&STATUS))?),
            ("priority", ticket.priority().word(&PRIORITY)?),
            ("ticket_type", ticket.ticket_type().word(&TICKET_TYPE)?),
            ("channel", channel),
            ("via_rel", rel),
            ("requester_key", ticket.requester_id().user(pseudonyms)?),
            ("submitter_key", ticket.submitter_id().user(pseudonyms)?),
            ("assignee_key", ticket.assignee_id().user(pseudonyms)?),
            ("organization_key", ticket.organization_id().organization(pseudonyms)?),
            ("group_id", ticket.group_id().id()?),
            ("brand_id", ticket.brand_id().id()?),
            ("ticket_form_id", ticket.ticket_form_id().id()?),
            ("custom_status_id", ticket.custom_status_id().id()?),
            ("problem_id", ticket.problem_id().id()?),
            ("has_incidents", ticket.has_incidents().boolean()?),
            ("is_public", ticket.is_public().boolean()?),
            ("is_closed_by_merge", is_closed_by_merge(ticket.tags())?),
            ("due_at", ticket.due_at().time()?),
            ("n_collaborators", ticket.collaborator_ids().length()?),
            ("n_followers", ticket.follower_ids().length()?),
            ("n_email_ccs", ticket.email_cc_ids().length()?),
            ("n_followups", ticket.followup_ids().length()?),
            ("from_messaging_channel", ticket.is_messaging().boolean()?),
            ("support_type", ticket.support_type().word(&SUPPORT_TYPE)?),
            ("labels", Labels(labels, context.allow)),
        ));
        Ok(Carrier { ticket_id, created_at, generated_at })
    }
}

/// Labels of a ticket, by where they were found.
struct TicketLabels([(Place, Found); 3]);

impl TicketLabels {
    fn read(ticket: &mut Ticket<'_>, context: &mut Context<'_>) -> Self {
        let (allow, tally) = (context.allow, &mut context.tally);
        let (custom, twin) = (Place::TicketCustomField, Place::TicketField);
        Self([
            (custom, labels::custom_fields(ticket.custom_fields(), custom, allow, tally)),
            (twin, labels::custom_fields(ticket.fields(), twin, allow, tally)),
            (Place::TicketTag, labels::tags(ticket.tags(), allow)),
        ])
    }

    fn set(&self) -> LabelSet {
        self.0.iter().fold(LabelSet::default(), |set, (_, found)| set.and(found.set))
    }

    fn settle(&self, is_stored: bool, tally: &mut Tally) {
        for (place, found) in &self.0 {
            found.settle(*place, is_stored, tally);
        }
    }
}

/// A relation of any shape: what is no text is `other`.
fn relation(value: &mut Value<'_>) -> Option<&'static str> {
    value.word(&VIA_REL).unwrap_or_else(|_| {
        value.set_fate(Fate::Other);
        Some(deskmeter_tables::OTHER)
    })
}

/// Whether the one tag stands among the tags. The others are compared with it and forgotten.
fn is_closed_by_merge(tags: &Value<'_>) -> Result<bool, Rule> {
    let mut is_there = false;
    let is_read = match tags.json() {
        Json::Null => return Ok(false),
        Json::Array(raw) => each_element(raw, |tag| {
            is_there |= matches!(tag, Json::Text(tag) if tag.is(CLOSED_BY_MERGE));
        }),
        _ => false,
    };
    if is_read { Ok(is_there) } else { Err(tags.rule(Fault::WrongType)) }
}
