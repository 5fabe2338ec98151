-- A new question each time, of the same length, so that no cache knows it.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local before = [[{"model":"auto","temperature":0.2,"max_tokens":256,"messages":[{"role":"system","content":"You are the assistant of a lock keeper. Answer in one paragraph, in plain words, without a list."},{"role":"user","content":"A barge of 24 metres waits below gate ]]
local after = [[ of the canal at high water. How long does it take until the chamber is level, and what does the keeper do before the gate is opened?"}]}]]
local start = os.time() % 100000 * 10000000
local asked = 0

function request()
  asked = asked + 1
  return wrk.format(nil, nil, nil, before .. string.format("%012d", start + asked) .. after)
end
