-- wrk: many officers ask about many numbers, one right and the rest never issued.
local officers = {}
for line in io.lines(os.getenv("SCRATCH") .. "/officers") do officers[#officers + 1] = line end
local number, birth
for line in io.lines(os.getenv("SCRATCH") .. "/pairs") do number, birth = line:match("(%S+) (%S+)") end
local alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local function made_up()
  local check, text = 1, ""
  for _ = 1, 11 do
    local digit = math.random(0, 31)
    text = text .. alphabet:sub(digit + 1, digit + 1)
    check = bit.bxor(check, digit)
    check = bit.band(bit.bxor(bit.lshift(check, 1), bit.band(check, 16) ~= 0 and 0x25 or 0), 31)
  end
  text = text .. alphabet:sub(check + 1, check + 1)
  return text:sub(1, 4) .. "-" .. text:sub(5, 8) .. "-" .. text:sub(9, 12)
end
local bodies = {}
for i = 1, 1000 do
  bodies[i] = string.format('{"confirmation_number":"%s","date_of_birth":"%s","purpose":"transit"}',
    i % 4 == 0 and number or made_up(), birth)
end
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("POST", "/v1/validations",
    {["Authorization"] = "Bearer " .. officers[turn % #officers + 1],
     ["Content-Type"] = "application/json"}, bodies[turn % #bodies + 1])
end
