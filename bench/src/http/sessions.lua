-- For wrk: sends the cookies among the arguments in turn, so that each session gets its own requests.
local requests = {}
local sent = 0

function init(cookies)
  for i, cookie in ipairs(cookies) do
    requests[i] = wrk.format(nil, nil, { Cookie = cookie })
  end
end

function request()
  sent = sent + 1
  return requests[sent % #requests + 1]
end
