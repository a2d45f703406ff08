-- The backlog as of any instant t: valid_from <= t and (valid_to is null or
-- valid_to > t).
select
    states.ticket_id, tickets.created_month, states.assignee_key,
    states.group_id, states.brand_id, states.ticket_form_id, states.status,
    states.priority, tickets.channel, states.valid_from, states.valid_to
from int_ticket_states as states
inner join int_tickets as tickets on states.ticket_id = tickets.ticket_id
where
    states.status in ('new', 'open', 'pending', 'hold')
    and not (tickets.is_deleted and states.valid_to is null)
