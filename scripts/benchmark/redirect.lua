-- Counts answers that send the client elsewhere: wrk takes them for errors.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  redirects, wrong = 0, 0
end

function response(status, headers)
  if status == 307 and headers["Location"] then redirects = redirects + 1 else wrong = wrong + 1 end
end

function done(summary)
  local total, bad = 0, 0
  for _, thread in ipairs(threads) do
    total = total + thread:get("redirects")
    bad = bad + thread:get("wrong")
  end
  if bad > 0 then print("wrong: " .. bad .. " answers send nobody anywhere") end
  print("each second: " .. total / (summary.duration / 1e6))
end
