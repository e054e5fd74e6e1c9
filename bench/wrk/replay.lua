-- Replays prepared HTTP requests in turn and tallies every answer by what it must contain.
-- Arguments after `--`: file of requests, expected status, one text per acceptable answer.

local threads = {}

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

function init(args)
  requests = read_requests(args[1])
  position = 0
  expected_status = tonumber(args[2])
  texts = {}
  for i = 3, #args do texts[i - 2] = args[i] end
  counts = {}
  for i = 1, #texts do counts[i] = 0 end
  wrong, wrong_example = 0, ""
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function response(status, headers, body)
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

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

function done(summary, latency)
  local wrong_total, example, totals = 0, "", {}
  for _, thread in ipairs(threads) do
    wrong_total = wrong_total + thread:get("wrong")
    example = thread:get("wrong_example")
    for i, count in ipairs(thread:get("counts")) do totals[i] = (totals[i] or 0) + count end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %.3f, "p99": %.3f, "tally": [%s], '
      .. '"wrong": %d, "wrong_example": %s, "broken": %d}\n',
    summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, table.concat(totals, ", "),
    wrong_total, quoted(example), errors.connect + errors.read + errors.write + errors.timeout))
end
