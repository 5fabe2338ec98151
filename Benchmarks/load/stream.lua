-- A new question each time, answered as a stream.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local before = [[{"model":"auto","stream":true,"messages":[{"role":"user","content":"How long does it take until chamber ]]
local after = [[ is level?"}]}]]
local start = os.time() % 100000 * 10000000
local asked = 0

function request()
  asked = asked + 1
  return wrk.format(nil, nil, nil, before .. string.format("%012d", start + asked) .. after)
end
