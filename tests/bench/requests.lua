-- wrk: owners ask for appointments, each time at another port, so that every request is an event.
-- The texts are made before the clock starts: what is measured is the server, not this script.
local ports = {"2504", "2301", "2402", "2305"}
-- What follows the first port is another pair in each run, so that no request repeats one of the run before.
local others = {"2604", "2503", "2303", "2304"}
local texts = {}
local turn = 0

function init(args)
  local run = tonumber(os.getenv("RUN") or "0")
  local first = run % 4 + 1
  local second = (first + math.floor(run / 4) % 3) % 4 + 1
  local rest = "," .. others[first] .. "," .. others[second]
  local owners = {}
  for line in io.lines(os.getenv("SCRATCH") .. "/owners") do
    local id, token = line:match("(%S+) (%S+)")
    owners[#owners + 1] = {id, token}
  end
  for _, port in ipairs(ports) do
    for _, owner in ipairs(owners) do
      texts[#texts + 1] = wrk.format("POST", "/v1/registrations/" .. owner[1] .. "/requests",
        {["Authorization"] = "Bearer " .. owner[2], ["Content-Type"] = "application/json"},
        '{"ports":[' .. port .. rest .. '],"location":{"lat":25.87,"lon":-97.5}}')
    end
  end
end

function request()
  turn = turn % #texts + 1
  return texts[turn]
end
