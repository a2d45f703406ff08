select
    run_id,
    stream,
    path,
    n_kept,
    n_pseudonymised,
    n_other,
    n_dropped,
    n_rejected,
    started_at
from privacy_ledger
