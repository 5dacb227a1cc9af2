-- Requests for wrk from a list: one line each, "METHOD path token [file of the body]", apart by tabs. Begun at a place of
-- its own each time, so that rounds do not repeat each other. wrk ... -s requests.lua -- <list> <base> <first>
local requests, at = {}, 0

function init(args)
  local bodies = {}
  for line in io.lines(args[1]) do
    local method, path, token, file = line:match("^(%S+)\t(%S+)\t(%S+)\t?(%S*)$")
    local head = method .. " " .. path .. " HTTP/1.1\r\nHost: " .. args[2] .. "\r\nAuthorization: Bearer " .. token .. "\r\n"
    if file ~= "" then
      if not bodies[file] then
        local opened = io.open(file, "rb")
        bodies[file] = opened:read("*a")
        opened:close()
      end
      head = head .. "Content-Type: application/fhir+json\r\nContent-Length: " .. #bodies[file] .. "\r\n"
    end
    requests[#requests + 1] = { head .. "\r\n", bodies[file] or "" }
  end
  at = tonumber(args[3]) % #requests
end

function request()
  at = at % #requests + 1
  local one = requests[at]
  return one[1] .. one[2]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"bad":%d,"broken":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
