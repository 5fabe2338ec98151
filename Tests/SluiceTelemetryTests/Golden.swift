/// The page after one exchange, one exit, one error and one reload.
enum Golden {
  static let page = #"""
    # HELP llm_active_requests Exchanges in flight.
    # TYPE llm_active_requests gauge
    llm_active_requests 0
    # HELP llm_cost_dollars_total What attempts cost, from the counts of their tokens and the price table.
    # TYPE llm_cost_dollars_total counter
    llm_cost_dollars_total{model="gpt-4",user_tier="premium"} 0.00216
    # HELP llm_request_duration_seconds From the end of the request to the end of the reply.
    # TYPE llm_request_duration_seconds histogram
    llm_request_duration_seconds_bucket{model="gpt-4",le="0.5"} 0
    llm_request_duration_seconds_bucket{model="gpt-4",le="1"} 0
    llm_request_duration_seconds_bucket{model="gpt-4",le="2.5"} 1
    llm_request_duration_seconds_bucket{model="gpt-4",le="5"} 1
    llm_request_duration_seconds_bucket{model="gpt-4",le="10"} 1
    llm_request_duration_seconds_bucket{model="gpt-4",le="30"} 1
    llm_request_duration_seconds_bucket{model="gpt-4",le="+Inf"} 1
    llm_request_duration_seconds_sum{model="gpt-4"} 1.2
    llm_request_duration_seconds_count{model="gpt-4"} 1
    # HELP llm_requests_total Exchanges that ended, by the model that answered or "none".
    # TYPE llm_requests_total counter
    llm_requests_total{model="gpt-4",status="cut",cache_hit="false"} 0
    llm_requests_total{model="gpt-4",status="cut",cache_hit="true"} 0
    llm_requests_total{model="gpt-4",status="error",cache_hit="false"} 0
    llm_requests_total{model="gpt-4",status="error",cache_hit="true"} 0
    llm_requests_total{model="gpt-4",status="refused",cache_hit="false"} 0
    llm_requests_total{model="gpt-4",status="refused",cache_hit="true"} 0
    llm_requests_total{model="gpt-4",status="success",cache_hit="false"} 0
    llm_requests_total{model="gpt-4",status="success",cache_hit="true"} 1
    # HELP process_open_fds Open file descriptors of the process.
    # TYPE process_open_fds gauge
    process_open_fds 0
    # HELP process_resident_memory_bytes Resident memory of the process.
    # TYPE process_resident_memory_bytes gauge
    process_resident_memory_bytes 0
    # HELP sluice_background_exchanges Exchanges without a client that run.
    # TYPE sluice_background_exchanges gauge
    sluice_background_exchanges 0
    # HELP sluice_cache_bytes Bytes that the cache holds, book-keeping included.
    # TYPE sluice_cache_bytes gauge
    sluice_cache_bytes 0
    # HELP sluice_cache_entries Answers that the cache holds.
    # TYPE sluice_cache_entries gauge
    sluice_cache_entries 0
    # HELP sluice_cache_evictions_total Answers that were dropped before their time to make room.
    # TYPE sluice_cache_evictions_total counter
    sluice_cache_evictions_total 0
    # HELP sluice_cache_journal_bytes Bytes of the cache's journal.
    # TYPE sluice_cache_journal_bytes gauge
    sluice_cache_journal_bytes 0
    # HELP sluice_cache_journal_damaged_total Starts that dropped what the cache's journal held, in all or before some place.
    # TYPE sluice_cache_journal_damaged_total counter
    sluice_cache_journal_damaged_total 0
    # HELP sluice_cache_journal_dropped_total Answers, questions and states that were not, and will not survive a restart: too many waited, or the disk failed.
    # TYPE sluice_cache_journal_dropped_total counter
    sluice_cache_journal_dropped_total 0
    # HELP sluice_cache_journal_writable 1 while the cache's journal can be written, else 0.
    # TYPE sluice_cache_journal_writable gauge
    sluice_cache_journal_writable 0
    # HELP sluice_cache_journal_written_total Answers, questions and states that were written to the cache's journal.
    # TYPE sluice_cache_journal_written_total counter
    sluice_cache_journal_written_total 0
    # HELP sluice_config_refused 1 while the newest files are refused, else 0.
    # TYPE sluice_config_refused gauge
    sluice_config_refused 0
    # HELP sluice_config_stale_seconds How long the files have said something else than what is served.
    # TYPE sluice_config_stale_seconds gauge
    sluice_config_stale_seconds 0
    # HELP sluice_connections_open Connections of clients.
    # TYPE sluice_connections_open gauge
    sluice_connections_open 0
    # HELP sluice_embedding_seconds Time that the model took for one text, without waiting for a thread.
    # TYPE sluice_embedding_seconds histogram
    sluice_embedding_seconds_bucket{le="0.0005"} 0
    sluice_embedding_seconds_bucket{le="0.001"} 0
    sluice_embedding_seconds_bucket{le="0.002"} 0
    sluice_embedding_seconds_bucket{le="0.004"} 0
    sluice_embedding_seconds_bucket{le="0.008"} 0
    sluice_embedding_seconds_bucket{le="0.016"} 0
    sluice_embedding_seconds_bucket{le="0.032"} 0
    sluice_embedding_seconds_bucket{le="0.064"} 0
    sluice_embedding_seconds_bucket{le="0.128"} 0
    sluice_embedding_seconds_bucket{le="+Inf"} 0
    sluice_embedding_seconds_sum 0
    sluice_embedding_seconds_count 0
    # HELP sluice_exit_total Exchanges that left a node by an exit.
    # TYPE sluice_exit_total counter
    sluice_exit_total{node="identity",exit="known"} 1
    # HELP sluice_expression_errors_total Expressions of the policy that failed while serving, by the node that asked.
    # TYPE sluice_expression_errors_total counter
    sluice_expression_errors_total{where="limit per-user"} 1
    # HELP sluice_flight_followers Exchanges that wait for the answer to an equal request.
    # TYPE sluice_flight_followers gauge
    sluice_flight_followers 0
    # HELP sluice_generation The number of the policy that new exchanges get.
    # TYPE sluice_generation gauge
    sluice_generation 0
    # HELP sluice_generations_live Policies that some exchange still runs under.
    # TYPE sluice_generations_live gauge
    sluice_generations_live 0
    # HELP sluice_ledger_accounts Accounts that the ledger keeps in memory.
    # TYPE sluice_ledger_accounts gauge
    sluice_ledger_accounts 0
    # HELP sluice_ledger_bytes_total Bytes of records that the ledger wrote.
    # TYPE sluice_ledger_bytes_total counter
    sluice_ledger_bytes_total 0
    # HELP sluice_ledger_failures_total Writes and syncs of the ledger that failed.
    # TYPE sluice_ledger_failures_total counter
    sluice_ledger_failures_total 0
    # HELP sluice_ledger_held_dollars Money that open holds reserve.
    # TYPE sluice_ledger_held_dollars gauge
    sluice_ledger_held_dollars 0
    # HELP sluice_ledger_open_holds Holds that are not settled yet.
    # TYPE sluice_ledger_open_holds gauge
    sluice_ledger_open_holds 0
    # HELP sluice_ledger_unrecorded_total Attempts that were sent without a record of their hold, as on_ledger_failure allowed.
    # TYPE sluice_ledger_unrecorded_total counter
    sluice_ledger_unrecorded_total 0
    # HELP sluice_ledger_writable 1 while records of spending can be written, else 0.
    # TYPE sluice_ledger_writable gauge
    sluice_ledger_writable 0
    # HELP sluice_log_lines_dropped_total Log lines that were lost because their reader was too slow.
    # TYPE sluice_log_lines_dropped_total counter
    sluice_log_lines_dropped_total 0
    # HELP sluice_overhead_seconds Time in the gateway that was not spent waiting for an upstream.
    # TYPE sluice_overhead_seconds histogram
    sluice_overhead_seconds_bucket{le="0.00001"} 0
    sluice_overhead_seconds_bucket{le="0.000025"} 0
    sluice_overhead_seconds_bucket{le="0.00005"} 1
    sluice_overhead_seconds_bucket{le="0.0001"} 1
    sluice_overhead_seconds_bucket{le="0.00025"} 1
    sluice_overhead_seconds_bucket{le="0.0005"} 1
    sluice_overhead_seconds_bucket{le="0.001"} 1
    sluice_overhead_seconds_bucket{le="0.0025"} 1
    sluice_overhead_seconds_bucket{le="0.005"} 1
    sluice_overhead_seconds_bucket{le="0.01"} 1
    sluice_overhead_seconds_bucket{le="0.025"} 1
    sluice_overhead_seconds_bucket{le="0.05"} 1
    sluice_overhead_seconds_bucket{le="0.1"} 1
    sluice_overhead_seconds_bucket{le="0.25"} 1
    sluice_overhead_seconds_bucket{le="0.5"} 1
    sluice_overhead_seconds_bucket{le="1"} 1
    sluice_overhead_seconds_bucket{le="+Inf"} 1
    sluice_overhead_seconds_sum 0.00004
    sluice_overhead_seconds_count 1
    # HELP sluice_reconciled_tokens_total Tokens of sampled answers that both upstream and Sluice counted, by who did.
    # TYPE sluice_reconciled_tokens_total counter
    sluice_reconciled_tokens_total{model="gpt-4",direction="input",counted_by="sluice"} 0
    sluice_reconciled_tokens_total{model="gpt-4",direction="input",counted_by="upstream"} 0
    sluice_reconciled_tokens_total{model="gpt-4",direction="output",counted_by="sluice"} 0
    sluice_reconciled_tokens_total{model="gpt-4",direction="output",counted_by="upstream"} 0
    # HELP sluice_reload_total Reloads; result is accepted, unchanged, refused or rolled_back.
    # TYPE sluice_reload_total counter
    sluice_reload_total{result="accepted"} 1
    # HELP sluice_semantic_bytes Bytes that kept questions take, their answers apart.
    # TYPE sluice_semantic_bytes gauge
    sluice_semantic_bytes 0
    # HELP sluice_semantic_questions Questions that are kept to be compared with.
    # TYPE sluice_semantic_questions gauge
    sluice_semantic_questions 0
    # HELP sluice_tokens_total Tokens of attempts; direction is input or output.
    # TYPE sluice_tokens_total counter
    sluice_tokens_total{model="gpt-4",direction="input"} 12
    sluice_tokens_total{model="gpt-4",direction="output"} 30
    # HELP sluice_upstream_connections_open Connections to upstreams, idle ones included.
    # TYPE sluice_upstream_connections_open gauge
    sluice_upstream_connections_open 0
    # HELP sluice_usage_source_total Attempts that were booked; source is upstream, counted or bounded.
    # TYPE sluice_usage_source_total counter
    sluice_usage_source_total{model="gpt-4",source="bounded"} 0
    sluice_usage_source_total{model="gpt-4",source="counted"} 0
    sluice_usage_source_total{model="gpt-4",source="upstream"} 1

    """#
}
