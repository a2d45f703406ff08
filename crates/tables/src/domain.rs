//! Closed lists of words. A string that comes in is mapped to one of them, or to `other` where the list is open on
//! Zendesk's side; the text itself is never kept (leak place 29).

/// What a value outside an open list becomes.
pub const OTHER: &str = "other";

/// A closed list of words that a column may hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Domain {
    /// Name in the manifest.
    pub name: &'static str,
    /// The words, [`OTHER`] included.
    pub values: &'static [&'static str],
}

impl Domain {
    /// The list's own copy of the word, if it holds it.
    pub fn get(&self, word: &str) -> Option<&'static str> {
        // Most words differ in their first byte, which is compared without a call.
        let is_it = |value: &&str| value.as_bytes().first() == word.as_bytes().first() && *value == word;
        self.values.iter().copied().find(is_it)
    }

    /// The list's own copy of the word, or [`OTHER`].
    pub fn or_other(&self, word: &str) -> &'static str {
        self.get(word).unwrap_or(OTHER)
    }
}

/// Ticket status: the category, also where custom statuses are used; `deleted` in exports.
pub const STATUS: Domain = Domain {
    name: "status",
    values: &["new", "open", "pending", "hold", "solved", "closed", "deleted", OTHER],
};

/// Ticket priority, lowest first.
pub const PRIORITY: Domain = Domain { name: "priority", values: &["low", "normal", "high", "urgent", OTHER] };

/// Ticket type.
pub const TICKET_TYPE: Domain =
    Domain { name: "ticket_type", values: &["question", "incident", "problem", "task", OTHER] };

/// Who handled the ticket first.
pub const SUPPORT_TYPE: Domain = Domain { name: "support_type", values: &["agent", "ai_agent", OTHER] };

/// Channel through which a ticket came.
pub const CHANNEL: Domain = Domain {
    name: "channel",
    values: &[
        "web",
        "email",
        "api",
        "sample_ticket",
        "voice",
        "chat",
        "native_messaging",
        "mobile",
        "mobile_sdk",
        "twitter",
        "facebook",
        "side_conversation",
        "rule",
        "closed_ticket",
        "merge",
        "web_widget",
        "help_center",
        "any_channel",
        "sms",
        "whatsapp",
        OTHER,
    ],
};

/// How the ticket relates to what made it.
pub const VIA_REL: Domain = Domain {
    name: "via_rel",
    values: &[
        "trigger",
        "automation",
        "follow_up",
        "merge",
        "problem",
        "voicemail",
        "inbound",
        "outbound",
        "chat",
        "message",
        "mention",
        OTHER,
    ],
};

/// By which way an update was made. `ticket_events` writes display names; the words here are ours.
pub const EVENT_VIA: Domain = Domain {
    name: "event_via",
    values: &[
        "web_form",
        "mail",
        "web_service",
        "rule",
        "linked_problem",
        "group_deletion",
        "user_change",
        "user_deletion",
        "group_change",
        "merge",
        "batch",
        "chat",
        "voice",
        "messaging",
        "mobile",
        OTHER,
    ],
};

/// What a child event is: the first value of a field, a change of it, or a comment (its flags only).
pub const CHILD_EVENT_KIND: Domain =
    Domain { name: "child_event_kind", values: &["create", "change", "comment"] };

/// The field that a child event sets.
pub const EVENT_FIELD: Domain = Domain {
    name: "event_field",
    values: &[
        "status",
        "priority",
        "type",
        "assignee",
        "group",
        "organization",
        "brand",
        "ticket_form",
        "custom_status",
        "problem",
        "is_public",
        "label",
    ],
};

/// A measured time of the SLA engine.
pub const METRIC: Domain = Domain {
    name: "metric",
    values: &[
        "reply_time",
        "periodic_update_time",
        "pausable_update_time",
        "requester_wait_time",
        "agent_work_time",
        "resolution_time",
        "group_ownership_time",
        OTHER,
    ],
};

/// What happened to a measured time.
pub const METRIC_EVENT_TYPE: Domain = Domain {
    name: "metric_event_type",
    values: &[
        "measure",
        "activate",
        "pause",
        "fulfill",
        "apply_sla",
        "apply_group_sla",
        "breach",
        "update_status",
        OTHER,
    ],
};

/// A user's role.
pub const ROLE: Domain = Domain { name: "role", values: &["end_user", "agent", "admin"] };

/// A stream of the extraction.
pub const STREAM: Domain = Domain {
    name: "stream",
    values: &["users", "organizations", "tickets", "ticket_events", "ticket_metric_events"],
};
