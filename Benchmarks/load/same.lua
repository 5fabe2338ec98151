-- One question, over and over: the first is asked, the rest are found.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{"model":"auto","temperature":0.2,"max_tokens":256,"messages":[{"role":"system","content":"You are the assistant of a lock keeper. Answer in one paragraph, in plain words, without a list."},{"role":"user","content":"A barge of 24 metres waits below the upper gate of the canal at high water. How long does it take until the chamber is level, and what does the keeper do before the gate is opened?"}]}]]
