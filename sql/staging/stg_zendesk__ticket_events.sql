select
    child_event_id,
    event_id,
    ticket_id,
    updater_key,
    kind,
    field,
    via,
    coalesce(word, ref_key, cast(ref_id as varchar)) as value,
    coalesce(
        previous_word,
        previous_ref_key,
        cast(previous_ref_id as varchar)
    ) as previous_value,
    labels_added,
    labels_removed,
    is_system,
    is_comment_public,
    occurred_at
from ticket_events
