-- Sends the requests of a file, a line each: method and path, from the start again at the end.
local lines, position = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path = string.match(line, "^(%S+) (%S+)$")
    table.insert(lines, wrk.format(method, path, nil, method == "POST" and "" or nil))
  end
end

function request()
  position = position % #lines + 1
  return lines[position]
end
