-- Who held the ticket, and under which schedule, until the clock ended.
select
    instances.*,
    states.assignee_key,
    states.group_id,
    states.priority,
    states.schedule
from int_sla_instances as instances
left join int_ticket_states as states
    on
        instances.ticket_id = states.ticket_id
        and states.valid_from < coalesce(instances.fulfilled_at, $as_of)
        and (
            states.valid_to is null
            or coalesce(instances.fulfilled_at, $as_of) <= states.valid_to
        )
