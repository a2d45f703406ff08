select
    ticket_id,
    value as status,
    value in ('new', 'open', 'pending', 'hold') as is_unsolved,
    valid_from,
    valid_to
from int_field_spans
where field = 'status' and value is not null
