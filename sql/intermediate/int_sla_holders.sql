-- Who held the ticket until the clock ended, or holds it, and under which
-- schedule. A clock that ended as the ticket was made has its first state.
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
        and (
            states.valid_to is null
            or instances.fulfilled_at <= states.valid_to
        )
        and (
            instances.fulfilled_at > states.valid_from
            or states.is_first
            or (instances.fulfilled_at is null and states.valid_to is null)
        )
