-- Pushes small images as docker does (is it there?, POST, PATCH and PUT for each of three blobs, then the manifest),
-- one connection for each thread. Counts images. It asks by GET where docker sends HEAD, because wrk waits for the
-- body that an answer to HEAD has not; of a missing blob both cost the same.
-- Arguments: repository prefix, a number that makes contents new.
local ffi = require("ffi")
ffi.cdef("unsigned char *SHA256(const unsigned char *data, size_t count, unsigned char *digest);")
local found, crypto = pcall(ffi.load, "crypto")
if not found then crypto = ffi.load("libcrypto.so.3") end

local threads = {}
local octets = { ["Content-Type"] = "application/octet-stream" }
local manifestType = "application/vnd.docker.distribution.manifest.v2+json"
local expected = { GET = 404, POST = 202, PATCH = 202, PUT = 201 }
local filler = {}

pushed, wrong = 0, ""

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

local function digest(data)
  local bytes, text = ffi.new("unsigned char[32]"), {}
  crypto.SHA256(data, #data, bytes)
  for i = 0, 31 do text[i + 1] = string.format("%02x", bytes[i]) end
  return "sha256:" .. table.concat(text)
end

local function describe(mediaType, blob)
  return string.format('{"mediaType":"%s","size":%d,"digest":"%s"}', mediaType, #blob.data, blob.digest)
end

local function newImage()
  image = { blobs = {} }
  for index, size in ipairs({ 1024, 4096, 16384 }) do
    local data = table.concat({ unique, number, pushed, index, "\n" }, " ") .. filler[size]
    image.blobs[index] = { data = data, digest = digest(data) }
  end
  local layer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
  image.manifest = string.format(
    '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s,%s]}', manifestType,
    describe("application/vnd.docker.container.image.v1+json", image.blobs[1]),
    describe(layer, image.blobs[2]), describe(layer, image.blobs[3]))
  blob, step = 1, "GET"
end

function init(arguments)
  repository, unique = arguments[1] .. number, arguments[2]
  for _, size in ipairs({ 1024, 4096, 16384 }) do filler[size] = string.rep("0123456789abcdef", size / 16) end
  newImage()
end

function request()
  local base, current = "/v2/" .. repository, image.blobs[blob]
  if step == "MANIFEST" then
    return wrk.format("PUT", base .. "/manifests/v" .. pushed, { ["Content-Type"] = manifestType }, image.manifest)
  elseif step == "GET" then
    return wrk.format("GET", base .. "/blobs/" .. current.digest, {})
  elseif step == "POST" then
    return wrk.format("POST", base .. "/blobs/uploads/", {}, "")
  elseif step == "PATCH" then
    return wrk.format("PATCH", location, octets, current.data)
  end
  local mark = string.find(location, "?", 1, true) and "&" or "?"
  return wrk.format("PUT", location .. mark .. "digest=" .. current.digest, octets, "")
end

function response(status, headers)
  if status ~= (expected[step] or 201) then
    wrong = step .. " was answered " .. status
    wrk.thread:stop()
    return
  end
  if step == "POST" or step == "PATCH" then
    location = string.gsub(headers["Location"], "^https?://[^/]+", "")
  end
  if step == "MANIFEST" then
    pushed = pushed + 1
    newImage()
  elseif step == "PUT" then
    blob, step = blob + 1, "GET"
    if blob > 3 then step = "MANIFEST" end
  else
    step = ({ GET = "POST", POST = "PATCH", PATCH = "PUT" })[step]
  end
end

function done(summary)
  local total = 0
  for _, thread in ipairs(threads) do
    total = total + thread:get("pushed")
    if thread:get("wrong") ~= "" then print("wrong: " .. thread:get("wrong")) end
  end
  print(string.format("each second: %.2f", total / (summary.duration / 1e6)))
end
