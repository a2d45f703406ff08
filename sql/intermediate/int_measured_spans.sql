-- Every span of a ticket whose length is a metric. Only spans that have ended:
-- a duration is a fact once its end has happened.
select
    ticket_id,
    status as measure,
    valid_from,
    valid_to
from int_status_spans
where is_unsolved and valid_to is not null

union all

-- DECISIONS.md#requester-wait: a wait counts once it is over.
select
    int_status_spans.ticket_id,
    'requester_wait' as measure,
    int_status_spans.valid_from,
    int_status_spans.valid_to
from int_status_spans
inner join int_ticket_resolutions
    on int_status_spans.ticket_id = int_ticket_resolutions.ticket_id
where
    int_status_spans.status in ('new', 'open', 'hold')
    and int_status_spans.valid_to <= int_ticket_resolutions.last_turn_at

union all

select
    int_tickets.ticket_id,
    'first_reply' as measure,
    int_tickets.created_at as valid_from,
    int_ticket_replies.first_replied_at as valid_to
from int_tickets
inner join int_ticket_replies
    on int_tickets.ticket_id = int_ticket_replies.ticket_id
where int_ticket_replies.first_replied_at is not null

union all

select
    int_tickets.ticket_id,
    'first_resolution' as measure,
    int_tickets.created_at as valid_from,
    int_ticket_resolutions.first_resolved_at as valid_to
from int_tickets
inner join int_ticket_resolutions
    on int_tickets.ticket_id = int_ticket_resolutions.ticket_id
where int_ticket_resolutions.first_resolved_at is not null

union all

select
    int_tickets.ticket_id,
    'full_resolution' as measure,
    int_tickets.created_at as valid_from,
    int_ticket_resolutions.last_resolved_at as valid_to
from int_tickets
inner join int_ticket_resolutions
    on int_tickets.ticket_id = int_ticket_resolutions.ticket_id
where int_ticket_resolutions.last_resolved_at is not null

union all

-- DECISIONS.md#handover
select
    ticket_id,
    'handover_reply' as measure,
    handed_over_at as valid_from,
    replied_at as valid_to
from int_ticket_handovers
where replied_at is not null
