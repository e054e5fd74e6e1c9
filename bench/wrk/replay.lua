-- Replays prepared HTTP requests and tallies every answer by what it must contain.
-- Arguments after `--`: file of requests, "again" or "once", milliseconds to think before each
-- request, expected status, one text per acceptable answer.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *now);
]]

local MONOTONIC = 1
local threads = {}

local function microseconds()
  local now = ffi.new("moment")
  ffi.C.clock_gettime(MONOTONIC, now)
  return tonumber(now.seconds) * 1e6 + tonumber(now.nanoseconds) / 1e3
end

function setup(thread)
  table.insert(threads, thread)
end

local function read_requests(path)
  local file = assert(io.open(path, "rb"))
  local requests = {}
  for length in function() return file:read("*l") end do
    table.insert(requests, file:read(tonumber(length)))
  end
  file:close()
  return requests
end

-- Independent people arrive at random: the pauses between them are exponential.
local function pauses(mean)
  return function()
    return math.floor(-mean * math.log(1 - math.random()) + 0.5)
  end
end

function init(args)
  requests = read_requests(args[1])
  once = args[2] == "once"
  if tonumber(args[3]) > 0 then delay = pauses(tonumber(args[3])) end
  expected_status = tonumber(args[4])
  texts = {}
  for i = 5, #args do texts[i - 4] = args[i] end
  counts = {}
  for i = 1, #texts do counts[i] = 0 end
  position, answers, wrong, wrong_example = 0, 0, 0, ""
  began, ended = 0, 0
  looked_at = false
end

function request()
  if not looked_at then -- wrk looks at one request before it sends any
    looked_at = true
    return requests[1]
  end
  if began == 0 then began = microseconds() end
  if once and position == #requests then return "" end -- this connection has nothing more to do
  position = position % #requests + 1
  return requests[position]
end

local function tally(status, body)
  if status == expected_status then
    for i = 1, #texts do
      if body:find(texts[i], 1, true) then
        counts[i] = counts[i] + 1
        return
      end
    end
  end
  wrong = wrong + 1
  if wrong == 1 then wrong_example = status .. " " .. body:sub(1, 200) end
end

function response(status, headers, body)
  answers = answers + 1
  tally(status, body)
  if once and answers == #requests then
    ended = microseconds()
    wrk.thread:stop()
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

function done(summary, latency)
  local wrong_total, example, totals, duration = 0, "", {}, summary.duration
  for _, thread in ipairs(threads) do
    wrong_total = wrong_total + thread:get("wrong")
    example = thread:get("wrong_example")
    for i, count in ipairs(thread:get("counts")) do totals[i] = (totals[i] or 0) + count end
    if thread:get("ended") > 0 then duration = thread:get("ended") - thread:get("began") end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %.3f, "p99": %.3f, "tally": [%s], '
      .. '"wrong": %d, "wrong_example": %s, "broken": %d}\n',
    summary.requests, duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, table.concat(totals, ", "),
    wrong_total, quoted(example), errors.connect + errors.read + errors.write + errors.timeout))
end
