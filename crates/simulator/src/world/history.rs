//! What happened to a ticket: audits, each with the changes it made, and the state that they add up to.

/// Status category of a ticket, with the export's own `deleted`.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Status {
    #[default]
    New,
    Open,
    Pending,
    Hold,
    Solved,
    Closed,
    Deleted,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Hold => "hold",
            Self::Solved => "solved",
            Self::Closed => "closed",
            Self::Deleted => "deleted",
        }
    }

    /// Work on the ticket has ended.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Solved | Self::Closed)
    }
}

/// Priority; the order is that of urgency.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

impl Priority {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    pub(crate) const fn raised(self) -> Option<Self> {
        match self {
            Self::Low => Some(Self::Normal),
            Self::Normal => Some(Self::High),
            Self::High => Some(Self::Urgent),
            Self::Urgent => None,
        }
    }
}

/// Type of a ticket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Problem,
    Incident,
    Question,
    Task,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Incident => "incident",
            Self::Question => "question",
            Self::Task => "task",
        }
    }
}

/// The channel that a ticket came through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Channel {
    Web,
    Email,
    Api,
    Voice,
    Chat,
    Messaging,
    Mobile,
    FollowUp,
    /// A channel that no list of channels knows.
    Unheard,
}

impl Channel {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Email => "email",
            Self::Api => "api",
            Self::Voice => "voice",
            Self::Chat => "chat",
            Self::Messaging => "native_messaging",
            Self::Mobile => "mobile",
            Self::FollowUp => "closed_ticket",
            Self::Unheard => "CANARY-ticket-channel-0",
        }
    }
}

/// Who did something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Actor {
    /// Triggers, automations and bots: updater -1.
    System,
    /// Index of an agent.
    Agent(u16),
    /// Index of an end user.
    EndUser(u32),
}

/// How an update was made; shown by its display name in ticket events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Via {
    WebForm,
    Mail,
    WebService,
    Rule,
    Merge,
    Batch,
    Chat,
}

impl Via {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WebForm => "Web form",
            Self::Mail => "Mail",
            Self::WebService => "Web service",
            Self::Rule => "Rule",
            Self::Merge => "Merge",
            Self::Batch => "Batch",
            Self::Chat => "Chat",
        }
    }
}

/// One change that an audit made; the old value is what the state held before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Comment {
        public: bool,
    },
    Status(Status),
    CustomStatus(u8),
    Priority(Option<Priority>),
    Kind(Option<Kind>),
    Group(Option<u8>),
    Assignee(Option<u16>),
    Organization(Option<u32>),
    Brand(u8),
    Form(u8),
    /// Index of the problem ticket.
    Problem(Option<u32>),
    Requester(u32),
    Subject,
    Tags,
    /// The tag `closed_by_merge`.
    MergedTag,
    CustomField,
    Satisfaction,
    Due,
    /// Content removed, 30 days after deletion; silent.
    Scrubbed,
    /// A change of the system that leaves no event; silent.
    Touched,
}

/// One update of a ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audit {
    /// Seconds since the epoch.
    pub(crate) at: u32,
    pub(crate) actor: Actor,
    pub(crate) via: Via,
    /// Moves `generated_timestamp`, but leaves no event and does not move `updated_at`.
    pub(crate) silent: bool,
    /// Where its changes begin in the world's list of changes, and how many they are.
    pub(crate) first: u32,
    pub(crate) count: u8,
}

/// What never changes about a ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) created_at: u32,
    pub(crate) requester: u32,
    pub(crate) submitter: Actor,
    pub(crate) channel: Channel,
    /// Handled by an AI agent: left out of exports unless `support_type_scope` says otherwise.
    pub(crate) ai_agent: bool,
    /// Where its audits begin in the world's list of audits, and how many they are.
    pub(crate) first: u32,
    pub(crate) count: u16,
}

/// A ticket's fields at some moment.
#[expect(clippy::struct_excessive_bools, reason = "a ticket has these flags, each on its own")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    pub(crate) status: Status,
    pub(crate) custom_status: u8,
    pub(crate) priority: Option<Priority>,
    pub(crate) kind: Option<Kind>,
    pub(crate) group: Option<u8>,
    pub(crate) assignee: Option<u16>,
    pub(crate) organization: Option<u32>,
    pub(crate) brand: u8,
    pub(crate) form: u8,
    pub(crate) problem: Option<u32>,
    pub(crate) requester: u32,
    pub(crate) subjects: u8,
    pub(crate) tags: u8,
    pub(crate) fields: u8,
    pub(crate) merged: bool,
    pub(crate) rated: bool,
    pub(crate) due: bool,
    pub(crate) scrubbed: bool,
    /// Has a public comment.
    pub(crate) is_public: bool,
    pub(crate) updated_at: i64,
}

impl State {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Comment { public } => self.is_public |= public,
            Change::Status(status) => self.status = status,
            Change::CustomStatus(status) => self.custom_status = status,
            Change::Priority(priority) => self.priority = priority,
            Change::Kind(kind) => self.kind = kind,
            Change::Group(group) => self.group = group,
            Change::Assignee(assignee) => self.assignee = assignee,
            Change::Organization(organization) => self.organization = organization,
            Change::Brand(brand) => self.brand = brand,
            Change::Form(form) => self.form = form,
            Change::Problem(problem) => self.problem = problem,
            Change::Requester(requester) => self.requester = requester,
            Change::Subject => self.subjects += 1,
            Change::Tags => self.tags += 1,
            Change::MergedTag => self.merged = true,
            Change::CustomField => self.fields += 1,
            Change::Satisfaction => self.rated = true,
            Change::Due => self.due = true,
            Change::Scrubbed => self.scrubbed = true,
            Change::Touched => {}
        }
    }
}

/// The whole history of one ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a> {
    /// Index of the ticket.
    pub(crate) index: u32,
    pub(crate) case: &'a Case,
    pub(crate) audits: &'a [Audit],
    /// The changes of all tickets.
    pub(crate) changes: &'a [Change],
}

impl<'a> History<'a> {
    pub(crate) fn changes_of(&self, audit: &Audit) -> &'a [Change] {
        let first = audit.first as usize;
        self.changes.get(first..first + usize::from(audit.count)).unwrap_or_default()
    }

    /// The state after the first `count` audits.
    pub(crate) fn state_after(&self, count: usize) -> State {
        let mut state = State { requester: self.case.requester, ..State::default() };
        for audit in self.audits.iter().take(count) {
            for change in self.changes_of(audit) {
                state.apply(*change);
            }
            if !audit.silent {
                state.updated_at = i64::from(audit.at);
            }
        }
        state
    }
}
