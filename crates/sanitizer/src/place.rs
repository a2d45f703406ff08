//! The places of a page at which an object is read, and the paths below them.

use deskmeter_zendesk::Stream;

use crate::streams::{
    ChildEvent, Clock, CustomField, Durations, Organization, Sla, SlaPolicy, Ticket, TicketEvent,
    TicketMetricEvent, TicketMetricSet, User, Via, ViaSource,
};

/// A place at which an object is read by a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Ticket,
    TicketVia,
    TicketViaSource,
    TicketTag,
    TicketCustomField,
    TicketField,
    MetricSet,
    ReplyMinutes,
    FirstResolutionMinutes,
    FullResolutionMinutes,
    AgentWaitMinutes,
    RequesterWaitMinutes,
    OnHoldMinutes,
    ReplySeconds,
    TicketEvent,
    TicketEventVia,
    ChildEvent,
    ChildEventVia,
    ChildTag,
    ChildAddedTag,
    ChildRemovedTag,
    ChildPreviousTag,
    ChildNamedTag,
    MetricEvent,
    Sla,
    SlaPolicy,
    GroupSla,
    GroupSlaPolicy,
    Clock,
    User,
    Organization,
    PageOfUsers,
    PageOfOrganizations,
    PageOfTickets,
    PageOfTicketEvents,
    PageOfMetricEvents,
}

/// What may stand beside the rows of a page, and is dropped: addresses, counts, and what Zendesk could load beside.
const PAGE_KEYS: &[&str] = &[
    "count",
    "next_page",
    "previous_page",
    "after_url",
    "before_url",
    "before_cursor",
    "links",
    "users",
    "organizations",
    "groups",
    "tickets",
    "audits",
    "last_audits",
    "ticket_events",
    "comment_events",
    "metric_sets",
    "metric_events",
    "slas",
    "brands",
    "ticket_forms",
    "sharing_agreements",
    "identities",
    "satisfaction_ratings",
    "custom_statuses",
    "comments",
    "attachments",
];

impl Place {
    /// Every place, in the order of the enum.
    pub(crate) const ALL: [Self; 36] = [
        Self::Ticket,
        Self::TicketVia,
        Self::TicketViaSource,
        Self::TicketTag,
        Self::TicketCustomField,
        Self::TicketField,
        Self::MetricSet,
        Self::ReplyMinutes,
        Self::FirstResolutionMinutes,
        Self::FullResolutionMinutes,
        Self::AgentWaitMinutes,
        Self::RequesterWaitMinutes,
        Self::OnHoldMinutes,
        Self::ReplySeconds,
        Self::TicketEvent,
        Self::TicketEventVia,
        Self::ChildEvent,
        Self::ChildEventVia,
        Self::ChildTag,
        Self::ChildAddedTag,
        Self::ChildRemovedTag,
        Self::ChildPreviousTag,
        Self::ChildNamedTag,
        Self::MetricEvent,
        Self::Sla,
        Self::SlaPolicy,
        Self::GroupSla,
        Self::GroupSlaPolicy,
        Self::Clock,
        Self::User,
        Self::Organization,
        Self::PageOfUsers,
        Self::PageOfOrganizations,
        Self::PageOfTickets,
        Self::PageOfTicketEvents,
        Self::PageOfMetricEvents,
    ];

    /// The place of what stands beside the rows.
    pub(crate) const fn page_of(stream: Stream) -> Self {
        match stream {
            Stream::Users => Self::PageOfUsers,
            Stream::Organizations => Self::PageOfOrganizations,
            Stream::Tickets => Self::PageOfTickets,
            Stream::TicketEvents => Self::PageOfTicketEvents,
            Stream::TicketMetricEvents => Self::PageOfMetricEvents,
        }
    }

    /// The stream in whose pages the place is.
    pub(crate) const fn stream(self) -> Stream {
        match self {
            Self::User | Self::PageOfUsers => Stream::Users,
            Self::Organization | Self::PageOfOrganizations => Stream::Organizations,
            Self::TicketEvent
            | Self::TicketEventVia
            | Self::ChildEvent
            | Self::ChildEventVia
            | Self::ChildTag
            | Self::ChildAddedTag
            | Self::ChildRemovedTag
            | Self::ChildPreviousTag
            | Self::ChildNamedTag
            | Self::PageOfTicketEvents => Stream::TicketEvents,
            Self::MetricEvent
            | Self::Sla
            | Self::SlaPolicy
            | Self::GroupSla
            | Self::GroupSlaPolicy
            | Self::Clock
            | Self::PageOfMetricEvents => Stream::TicketMetricEvents,
            _ => Stream::Tickets,
        }
    }

    /// The keys that are named there: first those that may be read, then those that are known and dropped.
    pub(crate) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Ticket => Ticket::KEYS,
            Self::TicketVia | Self::TicketEventVia | Self::ChildEventVia => Via::KEYS,
            Self::TicketViaSource => ViaSource::KEYS,
            Self::TicketCustomField | Self::TicketField => CustomField::KEYS,
            Self::TicketTag
            | Self::ChildTag
            | Self::ChildAddedTag
            | Self::ChildRemovedTag
            | Self::ChildPreviousTag
            | Self::ChildNamedTag => &[],
            Self::MetricSet => TicketMetricSet::KEYS,
            Self::ReplyMinutes
            | Self::FirstResolutionMinutes
            | Self::FullResolutionMinutes
            | Self::AgentWaitMinutes
            | Self::RequesterWaitMinutes
            | Self::OnHoldMinutes
            | Self::ReplySeconds => Durations::KEYS,
            Self::TicketEvent => TicketEvent::KEYS,
            Self::ChildEvent => ChildEvent::KEYS,
            Self::MetricEvent => TicketMetricEvent::KEYS,
            Self::Sla | Self::GroupSla => Sla::KEYS,
            Self::SlaPolicy | Self::GroupSlaPolicy => SlaPolicy::KEYS,
            Self::Clock => Clock::KEYS,
            Self::User => User::KEYS,
            Self::Organization => Organization::KEYS,
            Self::PageOfUsers
            | Self::PageOfOrganizations
            | Self::PageOfTickets
            | Self::PageOfTicketEvents
            | Self::PageOfMetricEvents => PAGE_KEYS,
        }
    }

    /// What stands before the keys in a path.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Ticket | Self::TicketEvent | Self::MetricEvent | Self::User | Self::Organization => "",
            Self::TicketVia | Self::TicketEventVia => "via.",
            Self::TicketViaSource => "via.source.",
            Self::TicketTag => "tags[].",
            Self::TicketCustomField => "custom_fields[].",
            Self::TicketField => "fields[].",
            Self::MetricSet => "metric_set.",
            Self::ReplyMinutes => "metric_set.reply_time_in_minutes.",
            Self::FirstResolutionMinutes => "metric_set.first_resolution_time_in_minutes.",
            Self::FullResolutionMinutes => "metric_set.full_resolution_time_in_minutes.",
            Self::AgentWaitMinutes => "metric_set.agent_wait_time_in_minutes.",
            Self::RequesterWaitMinutes => "metric_set.requester_wait_time_in_minutes.",
            Self::OnHoldMinutes => "metric_set.on_hold_time_in_minutes.",
            Self::ReplySeconds => "metric_set.reply_time_in_seconds.",
            Self::ChildEvent => "child_events[].",
            Self::ChildEventVia => "child_events[].via.",
            Self::ChildTag => "child_events[].tags[].",
            Self::ChildAddedTag => "child_events[].added_tags[].",
            Self::ChildRemovedTag => "child_events[].removed_tags[].",
            Self::ChildPreviousTag => "child_events[].previous_value[].",
            Self::ChildNamedTag => "child_events[].value[].",
            Self::Sla => "sla.",
            Self::SlaPolicy => "sla.policy.",
            Self::GroupSla => "group_sla.",
            Self::GroupSlaPolicy => "group_sla.policy.",
            Self::Clock => "status.",
            Self::PageOfUsers
            | Self::PageOfOrganizations
            | Self::PageOfTickets
            | Self::PageOfTicketEvents
            | Self::PageOfMetricEvents => "page.",
        }
    }

    /// Whether the count of a key may be told. That a rating stands on a ticket tells that a survey was offered, which is
    /// never collected either (leak place 7), and a run may be of one ticket.
    pub(crate) fn is_told(self, index: usize) -> bool {
        self.keys().get(index).is_none_or(|key| !key.starts_with("satisfaction"))
    }

    /// Index of every key that is not named, which is `*` in a path.
    pub(crate) const fn unknown(self) -> usize {
        self.keys().len()
    }

    /// Index of the object itself.
    pub(crate) const fn whole(self) -> usize {
        self.unknown() + 1
    }

    /// The path of the key of this index.
    pub(crate) fn path(self, index: usize) -> String {
        let prefix = self.prefix();
        match self.keys().get(index) {
            Some(key) => format!("{prefix}{key}"),
            None if index == self.unknown() => format!("{prefix}*"),
            None if prefix.is_empty() => "[]".to_owned(),
            None => prefix.trim_end_matches('.').to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_place_stands_at_its_own_position_and_names_each_key_once() {
        for (position, place) in Place::ALL.into_iter().enumerate() {
            assert_eq!(place as usize, position);
            let keys: HashSet<_> = place.keys().iter().collect();
            assert_eq!(keys.len(), place.keys().len(), "{place:?}");
        }
    }
}
