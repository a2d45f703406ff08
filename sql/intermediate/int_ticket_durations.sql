with sums as (
    select
        ticket_id,
        measure,
        sum(seconds_calendar) as calendar,
        sum(seconds_business) as business
    from int_span_pieces
    group by ticket_id, measure
)

select
    ticket_id,
    max(calendar) filter (where measure = 'first_reply')
        as first_reply_calendar,
    max(business) filter (where measure = 'first_reply')
        as first_reply_business,
    max(calendar) filter (where measure = 'handover_reply')
        as handover_reply_calendar,
    max(business) filter (where measure = 'handover_reply')
        as handover_reply_business,
    max(calendar) filter (where measure = 'first_resolution')
        as first_resolution_calendar,
    max(business) filter (where measure = 'first_resolution')
        as first_resolution_business,
    max(calendar) filter (where measure = 'full_resolution')
        as full_resolution_calendar,
    max(business) filter (where measure = 'full_resolution')
        as full_resolution_business,
    max(calendar) filter (where measure = 'requester_wait')
        as requester_wait_calendar,
    max(business) filter (where measure = 'requester_wait')
        as requester_wait_business,
    max(calendar) filter (where measure = 'new') as new_calendar,
    max(business) filter (where measure = 'new') as new_business,
    max(calendar) filter (where measure = 'open') as open_calendar,
    max(business) filter (where measure = 'open') as open_business,
    max(calendar) filter (where measure = 'pending') as pending_calendar,
    max(business) filter (where measure = 'pending') as pending_business,
    max(calendar) filter (where measure = 'hold') as hold_calendar,
    max(business) filter (where measure = 'hold') as hold_business
from sums
group by ticket_id
