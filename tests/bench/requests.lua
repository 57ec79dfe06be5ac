-- wrk: owners ask for appointments, each time at another port, so that every request is an event.
local owners = {}
for line in io.lines(os.getenv("SCRATCH") .. "/owners") do
  local id, token = line:match("(%S+) (%S+)")
  owners[#owners + 1] = {id, token}
end
local ports = {"2504", "2301", "2402", "2305"}
local turn, round = 0, math.random(0, 3)
request = function()
  turn = turn + 1
  if turn > #owners then turn, round = 1, round + 1 end
  local owner = owners[turn]
  return wrk.format("POST", "/v1/registrations/" .. owner[1] .. "/requests",
    {["Authorization"] = "Bearer " .. owner[2], ["Content-Type"] = "application/json"},
    '{"ports":[' .. ports[round % 4 + 1] .. '],"location":{"lat":25.87,"lon":-97.5}}')
end
