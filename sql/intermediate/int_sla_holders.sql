-- Who held the ticket, and under which schedule, until the clock ended. A clock
-- that ended as the ticket was made has the ticket's first state.
select
    instances.*,
    states.assignee_key,
    states.group_id,
    states.priority,
    states.schedule
from int_sla_instances as instances
inner join int_tickets as tickets
    on instances.ticket_id = tickets.ticket_id
left join int_ticket_states as states
    on
        instances.ticket_id = states.ticket_id
        and (
            states.valid_from < coalesce(instances.fulfilled_at, $as_of)
            or states.valid_from = tickets.created_at
        )
        and (
            states.valid_to is null
            or coalesce(instances.fulfilled_at, $as_of) <= states.valid_to
        )
